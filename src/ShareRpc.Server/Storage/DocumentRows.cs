using ShareRpc.Protocol.Json;

namespace ShareRpc.Server.Storage;

/// <summary>No data: removed. Size counts for <c>document_bytes</c>: last put and later appends.</summary>
internal sealed record StoredDoc(string Kind, string Key, long Cursor, RawJson? Data, long Size, ContentClass Class);

/// <summary>A document as a fold leaves it. Neither data nor removed: it is what the put at its cursor says.</summary>
internal readonly record struct FoldedDoc(
    string Kind, string Key, long Cursor, RawJson? Data, bool IsRemoved, long Size, ContentClass Class)
{
    /// <summary>Whether the document is a pointer to the put at its cursor, whose data stays in the log.</summary>
    public bool IsPointer => Data is null && !IsRemoved;
}

internal sealed record DocumentMeasure(long Size, ContentClass Class, long Cursor)
{
    public static readonly DocumentMeasure None = new(0, ContentClass.Absent, 0);
}

/// <summary>
/// Document class for redaction, set at commit, stored before and after the op: an <c>append</c> alone does not show
/// it. Stored: keep the numbers.
/// </summary>
internal enum ContentClass
{
    /// <summary>Hidden from redacted readers.</summary>
    Unknown = 0,

    /// <summary>Visible, within its kind's fields.</summary>
    Plain = 1,

    Reasoning = 2,

    Tool = 3,

    File = 4,

    Absent = 5,

    /// <summary>Flag: an array, which an append replaces. Kept until the next put.</summary>
    Array = 8,

    /// <summary>Flag: a listed text field is repeated or not text, so an append would replace it.</summary>
    Odd = 16,

    /// <summary>
    /// With one of the above: a turn that took the place of a provisional end, and is final for good.
    /// </summary>
    Settled = 32,

    /// <summary>Flag: a message or part that the user took back. Kept until the next put.</summary>
    Undone = 64,
}
