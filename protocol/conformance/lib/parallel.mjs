/** Does something with each item, a few at a time. */
export async function inParallel(items, use, atOnce = 4) {
  const left = [...items];
  const work = async () => {
    while (left.length > 0) await use(left.shift());
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
