namespace ShareRpc.EndToEndTests.Disk;

internal enum DiskChange
{
    Create = 'C',
    Write = 'W',
    Truncate = 'T',
    SyncFile = 'S',
    MakeDirectory = 'M',
    Rename = 'R',
    Unlink = 'U',
    SyncDirectory = 'D',

    /// <summary>A file that was there before the journal was.</summary>
    Found = 'O',

    /// <summary>Something that the journal cannot describe.</summary>
    Unmodelled = 'X',
}
