// Gives every entry of zip files one time, in place: zip-times.mjs TIME FILE... (NuGet writes the time of the build.)
import { readFileSync, writeFileSync } from 'node:fs';

const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END = 0x06054b50;
const [time, ...files] = process.argv.slice(2);
const at = new Date(time);
const clock = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1);
const day = ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate();

for (const file of files) {
  const zip = readFileSync(file);
  let end = zip.length - 22;
  while (end >= 0 && zip.readUInt32LE(end) !== END) end--;
  let entry = end < 0 ? -1 : zip.readUInt32LE(end + 16);
  for (let left = end < 0 ? 0 : zip.readUInt16LE(end + 10); left > 0; left--) {
    const local = zip.readUInt32LE(entry + 42);
    if (zip.readUInt32LE(entry) !== CENTRAL || zip.readUInt32LE(local) !== LOCAL) throw new Error(`${file} is no zip.`);
    for (const place of [entry + 12, local + 10]) {
      zip.writeUInt16LE(clock, place);
      zip.writeUInt16LE(day, place + 2);
    }
    entry += 46 + zip.readUInt16LE(entry + 28) + zip.readUInt16LE(entry + 30) + zip.readUInt16LE(entry + 32);
  }
  if (entry < 0) throw new Error(`${file} is no zip.`);
  writeFileSync(file, zip);
}
