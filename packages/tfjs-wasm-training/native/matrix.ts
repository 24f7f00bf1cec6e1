/**
 * One 4 × 8 block of C += Aᵀ · B summed over `rows` × `columns` pixels: C[i, j] += Σ A[pixel][i] · B[pixel][j].
 * A and B hold one pixel after the other, `aPixel` and `bPixel` bytes apart, rows `aRow` and `bRow` bytes apart.
 * Eight accumulators, two loads of B and a broadcast fit the sixteen vector registers of x86-64.
 */
export function accumulateBlock(
  a: usize,
  aPixel: usize,
  aRow: usize,
  b: usize,
  bPixel: usize,
  bRow: usize,
  rows: i32,
  columns: i32,
  c: usize,
  cRow: usize,
): void {
  const c1 = c + cRow;
  const c2 = c1 + cRow;
  const c3 = c2 + cRow;
  let s00 = v128.load(c);
  let s01 = v128.load(c, 16);
  let s10 = v128.load(c1);
  let s11 = v128.load(c1, 16);
  let s20 = v128.load(c2);
  let s21 = v128.load(c2, 16);
  let s30 = v128.load(c3);
  let s31 = v128.load(c3, 16);
  for (let row = 0; row < rows; row++) {
    let p = a + row * aRow;
    let q = b + row * bRow;
    for (let column = 0; column < columns; column++) {
      const b0 = v128.load(q);
      const b1 = v128.load(q, 16);
      const a0 = v128.load32_splat(p);
      s00 = f32x4.add(s00, f32x4.mul(a0, b0));
      s01 = f32x4.add(s01, f32x4.mul(a0, b1));
      const a1 = v128.load32_splat(p, 4);
      s10 = f32x4.add(s10, f32x4.mul(a1, b0));
      s11 = f32x4.add(s11, f32x4.mul(a1, b1));
      const a2 = v128.load32_splat(p, 8);
      s20 = f32x4.add(s20, f32x4.mul(a2, b0));
      s21 = f32x4.add(s21, f32x4.mul(a2, b1));
      const a3 = v128.load32_splat(p, 12);
      s30 = f32x4.add(s30, f32x4.mul(a3, b0));
      s31 = f32x4.add(s31, f32x4.mul(a3, b1));
      p += aPixel;
      q += bPixel;
    }
  }
  v128.store(c, s00);
  v128.store(c, s01, 16);
  v128.store(c1, s10);
  v128.store(c1, s11, 16);
  v128.store(c2, s20);
  v128.store(c2, s21, 16);
  v128.store(c3, s30);
  v128.store(c3, s31, 16);
}

/** One 4 × 8 block of C = A · B: A has rows of `aRow` bytes, all of which count; B is a panel of eight columns. */
export function multiplyBlock(a: usize, aRow: i32, b: usize, c: usize, cRow: i32): void {
  const a1 = a + aRow;
  const a2 = a1 + aRow;
  const a3 = a2 + aRow;
  let s00 = f32x4.splat(0);
  let s01 = s00;
  let s10 = s00;
  let s11 = s00;
  let s20 = s00;
  let s21 = s00;
  let s30 = s00;
  let s31 = s00;
  for (let i = 0; i < aRow; i += 4) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const v0 = v128.load32_splat(a + i);
    s00 = f32x4.add(s00, f32x4.mul(v0, b0));
    s01 = f32x4.add(s01, f32x4.mul(v0, b1));
    const v1 = v128.load32_splat(a1 + i);
    s10 = f32x4.add(s10, f32x4.mul(v1, b0));
    s11 = f32x4.add(s11, f32x4.mul(v1, b1));
    const v2 = v128.load32_splat(a2 + i);
    s20 = f32x4.add(s20, f32x4.mul(v2, b0));
    s21 = f32x4.add(s21, f32x4.mul(v2, b1));
    const v3 = v128.load32_splat(a3 + i);
    s30 = f32x4.add(s30, f32x4.mul(v3, b0));
    s31 = f32x4.add(s31, f32x4.mul(v3, b1));
    b += 32;
  }
  v128.store(c, s00);
  v128.store(c, s01, 16);
  v128.store(c + cRow, s10);
  v128.store(c + cRow, s11, 16);
  v128.store(c + 2 * cRow, s20);
  v128.store(c + 2 * cRow, s21, 16);
  v128.store(c + 3 * cRow, s30);
  v128.store(c + 3 * cRow, s31, 16);
}
