using System.Collections.Immutable;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Storage.Model;

/// <summary>
/// Everything a store holds, as plain lists. A value: taking it is a snapshot, going back to it is a rollback.
/// </summary>
internal sealed record ModelState
{
    public static readonly ModelState Empty = new();

    public ImmutableList<ShareRow> Shares { get; init; } = [];

    public ImmutableHashSet<long> Erased { get; init; } = [];

    public ImmutableList<RefRow> Refs { get; init; } = [];

    public ImmutableList<RefRow> GoneRefs { get; init; } = [];

    public ImmutableList<(long ShareKey, WriterRow Row)> Writers { get; init; } = [];

    public ImmutableList<OpRow> Ops { get; init; } = [];

    public ImmutableList<Note> Notes { get; init; } = [];

    public ImmutableList<(long ShareKey, FoldedDoc Doc)> Docs { get; init; } = [];

    public ImmutableList<(long ShareKey, string Key, long Cursor, long WriterKey)> OpenTurns { get; init; } = [];

    public ImmutableList<AuditRow> Audit { get; init; } = [];

    public ImmutableList<AuditSeal> Seals { get; init; } = [];

    /// <summary>The position up to which audit entries are gone.</summary>
    public long Removed { get; init; }

    public ImmutableList<SessionShareRow> SessionShares { get; init; } = [];

    public ImmutableList<(long ShareKey, long RefKey)> SessionRefs { get; init; } = [];

    public ImmutableList<long> OpenCreators { get; init; } = [];

    public ImmutableList<(long RefKey, long Epoch, byte[] Verifier)> FormerSecrets { get; init; } = [];

    public ImmutableList<(long RefKey, long Day, DayUse Use)> Quotas { get; init; } = [];

    /// <summary>A seq, or an op id, that got no cursor of its own.</summary>
    public sealed record Note(long ShareKey, string OpId, byte[] Digest, long? WriterKey, long? Seq, ErrorCode? Code,
        long Cursor);
}
