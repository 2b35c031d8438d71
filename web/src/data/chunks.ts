// SPDX-License-Identifier: Apache-2.0
// From the elements of the page to bytes: base64, then gzip.

function decode(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

async function gather(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const reader = stream.getReader();
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    size += value.length;
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Unpacks the data of the page and removes it from the document, which frees its memory. */
export async function unpack(document: Document): Promise<Uint8Array> {
  const elements = [...document.querySelectorAll('script.pyro-data')];
  if (elements.length === 0) throw new Error('this page carries no profile');
  if (typeof DecompressionStream === 'undefined')
    throw new Error('this browser is too old for the page: it cannot unpack gzip');
  let next = 0;
  const packed = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (next >= elements.length) {
        controller.close();
        return;
      }
      const element = elements[next++];
      controller.enqueue(decode(element.textContent ?? ''));
      element.remove();
    },
  });
  return gather(packed.pipeThrough(new DecompressionStream('gzip')));
}
