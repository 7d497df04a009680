// Which street a piece of road belongs to: identifiers taken apart by depotopt/report/packing.py, put together when asked for.

import { unzip, VarintReader } from "./unpack";

const SLOT = "\x1f";

export class Streets {
  private constructor(
    private readonly idents: string[],
    private readonly ofPiece: Uint32Array,
  ) {}

  static async read(pieces: number): Promise<Streets> {
    const [patternBytes, bytes] = await Promise.all(["patterns", "streets"].map(unzip));
    const patterns = new TextDecoder().decode(patternBytes).split("\n").map((pattern) => pattern.split(SLOT));
    const reader = new VarintReader(bytes);
    const which = Array.from({ length: reader.next() }, () => reader.next());
    const last: number[] = [];
    const idents = which.map((w) =>
      patterns[w].reduce((text, part, place) => {
        last[place - 1] = (last[place - 1] ?? 0) + reader.signed();
        return `${text}${last[place - 1]}${part}`;
      }),
    );
    const ofPiece = new Uint32Array(pieces);
    let street = 0;
    for (let i = 0; i < pieces; i++) ofPiece[i] = street += reader.signed();
    return new Streets(idents, ofPiece);
  }

  /** Identifier of the street a piece belongs to. */
  ident(piece: number): string {
    return this.idents[this.ofPiece[piece]];
  }

  /** All pieces of some streets. */
  pieces(wanted: Set<string>): number[] {
    const found: number[] = [];
    this.ofPiece.forEach((street, piece) => {
      if (wanted.has(this.idents[street])) found.push(piece);
    });
    return found;
  }
}
