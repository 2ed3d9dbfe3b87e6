namespace ShareRpc.EndToEndTests.Disk;

/// <summary>
/// What a disk may hold after the power went. Of a file: everything before its last completed sync, and of each later
/// write or truncation all, nothing, or any of its 512-byte sectors. Of a directory: every name that was made, moved or
/// removed before its own last sync, and of the later ones the first so many. So a file that was synced is gone if its
/// directory was not: stricter than ext4 or XFS are, and all that POSIX promises. Shared memory (<c>-shm</c>) is no
/// part of it: SQLite makes it anew.
/// </summary>
internal sealed class PowerLoss(Dice dice)
{
    private const int Sector = 512;
    private readonly Dictionary<long, DiskFile> files = [];
    private readonly Dictionary<string, List<DiskRecord>> unsynced = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long?> names = new(StringComparer.Ordinal);

    /// <summary>Makes the directory as it may be when the power goes at a position of the journal.</summary>
    public static void Rebuild(IReadOnlyList<DiskRecord> journal, long at, int seed, string directory)
    {
        var loss = new PowerLoss(new Dice(seed));
        foreach (DiskRecord record in journal.TakeWhile(record => record.End <= at)) loss.Happen(record);
        loss.WriteTo(directory);
    }

    private void Happen(DiskRecord record)
    {
        switch (record.Type)
        {
            case DiskChange.Create:
                files[record.File] = new DiskFile();
                NameChanges(record, record.Path);
                break;
            case DiskChange.Write or DiskChange.Truncate:
                files[record.File].Unsynced.Add(record);
                break;
            case DiskChange.SyncFile:
                files[record.File].Sync();
                break;
            case DiskChange.Rename:
                if (DirectoryOf(record.Path) != DirectoryOf(record.To))
                    throw new InvalidDataException($"{record.Path} moves away");
                NameChanges(record, record.Path);
                break;
            case DiskChange.MakeDirectory or DiskChange.Unlink:
                NameChanges(record, record.Path);
                break;
            case DiskChange.SyncDirectory:
                if (unsynced.Remove(record.Path, out List<DiskRecord>? changes)) changes.ForEach(Apply);
                break;
            default:
                throw new InvalidDataException($"{record.Type}");
        }
    }

    private void NameChanges(DiskRecord record, string path)
    {
        string directory = DirectoryOf(path);
        if (!unsynced.TryGetValue(directory, out List<DiskRecord>? changes)) unsynced.Add(directory, changes = []);
        changes.Add(record);
    }

    private void Apply(DiskRecord change)
    {
        switch (change.Type)
        {
            case DiskChange.Create:
                names[change.Path] = change.File;
                break;
            case DiskChange.MakeDirectory:
                names[change.Path] = null;
                break;
            case DiskChange.Unlink:
                names.Remove(change.Path);
                break;
            default:
                names.Remove(change.Path, out long? file);
                names[change.To] = file;
                break;
        }
    }

    private void WriteTo(string directory)
    {
        foreach (List<DiskRecord> changes in unsynced.Values)
            changes.Take(dice.Next(0, changes.Count + 1)).ToList().ForEach(Apply);
        Directory.CreateDirectory(directory);
        foreach ((string name, long? file) in names)
        {
            // What is in a directory that is gone is gone with it.
            string path = Path.Combine(directory, name);
            if (!Directory.Exists(Path.GetDirectoryName(path))) continue;
            if (file is not { } number) Directory.CreateDirectory(path);
            else if (!name.EndsWith("-shm", StringComparison.Ordinal))
                File.WriteAllBytes(path, Surviving(files[number]));
        }
    }

    private byte[] Surviving(DiskFile file)
    {
        foreach (DiskRecord change in file.Unsynced)
        {
            switch (dice.Next(0, 3))
            {
                case 0:
                    break;
                case 1:
                    file.Apply(change);
                    break;
                default:
                    Tear(file, change);
                    break;
            }
        }

        return file.Content;
    }

    /// <summary>Some of its sectors, each whole.</summary>
    private void Tear(DiskFile file, DiskRecord change)
    {
        for (int from = 0; from < change.Data.Length;)
        {
            int sectorEnd =
                (int)Math.Min(change.Data.Length, (((change.Offset + from) / Sector) + 1) * Sector - change.Offset);
            bool isKept = dice.Next(0, 2) == 1;
            if (isKept) file.Apply(change with { Offset = change.Offset + from, Data = change.Data[from..sectorEnd] });
            from = sectorEnd;
        }
    }

    private static string DirectoryOf(string path) => Path.GetDirectoryName(path) ?? "";
}
