using System.Text.Json.Serialization;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Protocol.Ops;

/// <summary>An op as the log holds it and readers get it.</summary>
[JsonConverter(typeof(LoggedOpConverter))]
public sealed record LoggedOp
{
    /// <summary>Position in the share's log, gapless from 1.</summary>
    public required long Cursor { get; init; }

    public required string OpId { get; init; }

    public required string Verb { get; init; }

    public required string Kind { get; init; }

    public required string Key { get; init; }

    public RawJson? Data { get; init; }

    /// <summary>The writer and its seq; absent for an op that came without a writer id.</summary>
    public string? WriterId { get; init; }

    public long? Seq { get; init; }

    /// <summary>The cap id that appended it.</summary>
    public required string Actor { get; init; }

    /// <summary>Milliseconds since 1970 UTC, by the server's clock.</summary>
    public required long TimeMs { get; init; }

    /// <summary>The protocol version the op was written under.</summary>
    public required int SchemaVersion { get; init; }

    /// <summary>The reader may not see it: there is a cursor and nothing else, and the other members are empty.</summary>
    public bool Hidden { get; init; }

    /// <summary>Some of the data is not shown to this reader.</summary>
    public bool Redacted { get; init; }

    /// <summary>On the server: what its document is about, as decided when it was committed.</summary>
    internal int ContentClass { get; init; }

    /// <summary>The op's wire bytes when they were encoded before, so that all readers share them.</summary>
    internal ReadOnlyMemory<byte> Encoded { get; init; }
}
