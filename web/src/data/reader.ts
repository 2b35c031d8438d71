// SPDX-License-Identifier: Apache-2.0
// A bounded cursor over the bytes of a page's data. Whatever does not fit is an error that says
// where, never a guess.

export class Damaged extends Error {}

const utf8 = new TextDecoder('utf-8');

export class Reader {
  at = 0;

  constructor(
    readonly bytes: Uint8Array,
    readonly name: string,
  ) {}

  fail(what: string): never {
    throw new Damaged(`the data of this page is damaged: ${what} (${this.name}, byte ${this.at})`);
  }

  varint(): number {
    const { bytes } = this;
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      if (this.at >= bytes.length) this.fail('it ends in a number');
      const byte = bytes[this.at++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    return this.fail('a number has no end');
  }

  signed(): number {
    const value = this.varint();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  /** A count of things of at least `size` bytes each, so that no claim can exhaust memory. */
  count(size: number): number {
    const count = this.varint();
    if (count > (this.bytes.length - this.at) / size) this.fail('a count is too large');
    return count;
  }

  /** `count` numbers, each below `limit`. */
  indices(count: number, limit: number, what: string): Uint32Array {
    const column = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const value = this.varint();
      if (value >= limit) this.fail(`a ${what} does not exist`);
      column[i] = value;
    }
    return column;
  }

  lines(count: number): Int32Array {
    const column = new Int32Array(count);
    for (let i = 0; i < count; i++) column[i] = this.signed();
    return column;
  }

  numbers(count: number): Float64Array {
    const column = new Float64Array(count);
    for (let i = 0; i < count; i++) column[i] = this.varint();
    return column;
  }

  /** Like indices(), stored as differences from the number before. */
  steps(count: number, limit: number, what: string): Uint32Array {
    const column = new Uint32Array(count);
    let value = 0;
    for (let i = 0; i < count; i++) {
      value += this.signed();
      if (!(value >= 0 && value < limit)) this.fail(`a ${what} does not exist`);
      column[i] = value;
    }
    return column;
  }

  floats(count: number): Float32Array {
    const bytes = this.take(count * 4);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const column = new Float32Array(count);
    for (let i = 0; i < count; i++) {
      const value = view.getFloat32(i * 4, true);
      column[i] = value >= 0 ? value : 0;
    }
    return column;
  }

  take(size: number): Uint8Array {
    if (size > this.bytes.length - this.at) this.fail('it ends too early');
    const bytes = this.bytes.subarray(this.at, this.at + size);
    this.at += size;
    return bytes;
  }

  text(size: number): string {
    return utf8.decode(this.take(size));
  }
}
