/** Saves content as a file of a safe name. */
export function saveBlob(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = name.replace(/[^\p{L}\p{N}._ -]+/gu, '_').replace(/^\.+/, '').slice(0, 100) || 'attachment';
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
