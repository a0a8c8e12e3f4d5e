const side = 512;

/** The middle of a picture as a square, small enough to be sent: phones make photos of many megabytes. */
export async function squareOf(file: Blob): Promise<File> {
  const bitmap = await createImageBitmap(file);
  const length = Math.min(bitmap.width, bitmap.height);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.min(side, length);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("no canvas");
  const [left, top] = [(bitmap.width - length) / 2, (bitmap.height - length) / 2];
  context.drawImage(bitmap, left, top, length, length, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!blob) throw new Error("no picture");
  return new File([blob], "picture.png", { type: blob.type });
}
