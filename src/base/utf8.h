/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_BASE_UTF8_H
#define PYRO_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PYRO_UTF8_REPLACEMENT 0xfffdu

/** Decodes one code point at text[*at] and moves *at past it. Invalid, overlong, surrogate or cut
 *  sequences yield U+FFFD and move by one byte. Call only with *at < size. */
uint32_t pyro_utf8_decode(const char *text, size_t size, size_t *at);
/** Encodes @point into @into (4 bytes at most) and returns its size. Surrogates and values over
 *  U+10FFFF are written as U+FFFD. */
size_t pyro_utf8_encode(uint32_t point, char into[4]);
/** Columns on a terminal: 0 for combining marks and controls, 2 for wide characters, else 1. */
unsigned int pyro_utf8_columns(uint32_t point);
/** True for what a terminal acts on or what reorders what is read: controls, line and paragraph
 *  separators, bidirectional marks, overrides and isolates, invisible separators. */
bool pyro_utf8_is_active(uint32_t point);

#endif
