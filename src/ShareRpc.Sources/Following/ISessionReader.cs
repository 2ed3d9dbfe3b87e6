using ShareRpc.Protocol.Json;

namespace ShareRpc.Sources.Following;

/// <summary>
/// Reads one session onward from its bookmark. An interrupted enumeration ends the reader: the next one is opened with
/// the bookmark of the last step that was stored. For one thread at a time.
/// </summary>
internal interface ISessionReader : IDisposable
{
    /// <summary>Gets what is known about the session after <see cref="Read"/>.</summary>
    SourceReport Report { get; }

    /// <summary>
    /// Returns what is new, in steps of at most about 500 changes or 4 MiB; may be called again after its end. A
    /// document that did not change may be returned again; one that is gone is returned once with null data.
    /// </summary>
    IEnumerable<SourceStep> Read();
}

/// <summary>Changes that are stored in one transaction.</summary>
/// <param name="Changes">In order; a message before its parts, when removed after them. May be empty.</param>
/// <param name="Bookmark">How far the session is read when these are stored; of bounded length.</param>
internal sealed record SourceStep(IReadOnlyList<DocumentChange> Changes, string Bookmark);

/// <summary>A document as it is now (protocol/session-format.md).</summary>
/// <param name="Kind">See <see cref="Protocol.Ops.Kinds"/>.</param>
/// <param name="Key">Of 1 to 512 UTF-8 bytes without control characters.</param>
/// <param name="Data">Null: the document is removed.</param>
internal sealed record DocumentChange(string Kind, string Key, RawJson? Data);

/// <summary>What a reader knows of its session.</summary>
/// <param name="Messages">The number of messages in the session, as far as it is read.</param>
/// <param name="Parts">The number of parts.</param>
/// <param name="Unknown">Record types that this version does not know, with the number that this reader met.</param>
/// <param name="Lost">What the session goes on from and is in no file, with a number; null for nothing.</param>
internal sealed record SourceReport(
    int Messages, int Parts, IReadOnlyDictionary<string, int> Unknown, IReadOnlyDictionary<string, int>? Lost = null);
