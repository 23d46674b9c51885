/** A number as text, in as few digits as read back the same: 3, 12.5, 1e+21. */
export function numberText(x: f64): string {
  const text = x.toString();
  return text.endsWith(".0") ? text.substring(0, text.length - 2) : text;
}
