// Reads what depotopt/report/packing.py wrote: gzip in base64, zigzag varints, lines as deltas.

const STEPS_PER_DEGREE = 1e6;

export interface Lines {
  /** Start of each line among the vertices, one more than there are lines. */
  first: Uint32Array;
  /** Longitude and latitude in turn, degrees. */
  lonlat: Float64Array;
}

export async function unzip(id: string): Promise<Uint8Array> {
  const element = document.getElementById(`data-${id}`);
  if (!element?.textContent) throw new Error(`no data-${id}`);
  const bytes = fromBase64(element.textContent);
  element.remove(); // The packed text is not needed twice, and 1 M links are 25 MB of it.
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const native = (Uint8Array as unknown as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> }).fromBase64;
  if (native) return native.call(Uint8Array, text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** Reads varints one after the other; values stay below 2^52, so that numbers hold them. */
export class VarintReader {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  next(): number {
    let value = 0;
    let unit = 1;
    let byte: number;
    do {
      byte = this.bytes[this.at++];
      value += (byte & 127) * unit;
      unit *= 128;
    } while (byte > 127);
    return value;
  }

  signed(): number {
    const value = this.next();
    return value % 2 ? -(value + 1) / 2 : value / 2;
  }
}

export function readLines(bytes: Uint8Array): Lines {
  const reader = new VarintReader(bytes);
  const count = reader.next();
  const first = new Uint32Array(count + 1);
  for (let i = 0; i < count; i++) first[i + 1] = first[i] + reader.next();
  const lonlat = new Float64Array(2 * first[count]);
  let lon = 0;
  let lat = 0;
  for (let v = 0; v < lonlat.length; v += 2) {
    lonlat[v] = (lon += reader.signed()) / STEPS_PER_DEGREE;
    lonlat[v + 1] = (lat += reader.signed()) / STEPS_PER_DEGREE;
  }
  return { first, lonlat };
}
