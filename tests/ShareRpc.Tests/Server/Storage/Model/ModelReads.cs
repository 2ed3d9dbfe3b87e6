using System.Text;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Storage.Model;

/// <summary>The reads, each written as what its comment in the contract says, over whole lists.</summary>
internal abstract class ModelReads : IReadSnapshot
{
    private static readonly Comparer<(string Kind, string Key)> ByBytes = Comparer<(string Kind, string Key)>.Create(
        (left, right) =>
            Compare(left.Kind, right.Kind) is var kinds && kinds != 0 ? kinds : Compare(left.Key, right.Key));

    protected abstract ModelState State { get; }

    public abstract ValueTask DisposeAsync();

    public ValueTask<ShareRow?> FindShareAsync(string shareId) =>
        new(State.Shares.Find(share => share.ShareId == shareId));

    public ValueTask<ShareRow?> FindShareAsync(long shareKey) => new(ShareOf(shareKey));

    public ValueTask<RefRow?> FindRefAsync(string capId) => new(State.Refs.Find(row => row.CapId == capId));

    public ValueTask<RefRow?> FindRefAsync(long refKey) => new(RefOf(refKey));

    public ValueTask<IReadOnlyList<RefRow>> ReadChainAsync(long refKey) => new(ChainOf(refKey));

    public ValueTask<WriterRow?> FindWriterAsync(long shareKey, string writerId) =>
        new(State.Writers.Find(writer => writer.ShareKey == shareKey && writer.Row.WriterId == writerId).Row);

    public ValueTask<long> ReadHeadAsync(long shareKey) => new(HeadOf(shareKey));

    public ValueTask<long> ReadAppendedMsAsync(long shareKey) => new(NewestOf(shareKey)?.TimeMs ?? 0);

    public ValueTask<IReadOnlyList<LoggedOp>> ReadOpsAsync(long shareKey, long after, int limit, int maxBytes) =>
        new(Page(
        OpsOf(shareKey).Where(op => op.Cursor > after), limit, maxBytes, op =>
            (op.Data?.Length ?? 0) + OpEnvelope.Bytes, ToLogged));

    public ValueTask<(string Verb, ReadOnlyMemory<byte>? Data, long? WriterKey)> ReadOpContentAsync(long shareKey,
        long cursor)
    {
        OpRow op = OpsOf(shareKey).First(row => row.Cursor == cursor);
        return new((op.Verb, op.Data, op.WriterKey));
    }

    public ValueTask<IReadOnlyList<TailOp>> ReadTailAsync(long shareKey, long after, int limit) => new(Page(
        OpsOf(shareKey).Where(op => op.Cursor > after), limit, long.MaxValue, _ => 0,
        op => new TailOp(op.Cursor, op.Verb, op.Kind, op.Key, op.Data?.Length ?? 0, op.Class)));

    public ValueTask<StoredDoc?> FindDocAsync(long shareKey, string kind, string key) =>
        new(DocOf(shareKey, kind, key));

    public ValueTask<DocumentMeasure> ReadDocMeasureAsync(long shareKey, string kind, string key) =>
        new(DocOf(shareKey, kind, key) is { } doc
            ? new DocumentMeasure(doc.Size, doc.Class, doc.Cursor) : DocumentMeasure.None);

    public ValueTask<IReadOnlyList<byte[]>> ReadFormerVerifiersAsync(long refKey, int limit) => new(
    [
        .. State.FormerSecrets.Where(former => former.RefKey == refKey).OrderByDescending(former => former.Epoch).Take(
            limit)
            .Select(former => former.Verifier),
    ]);

    public ValueTask<int> CountGrantsAsync(RefRow link, long nowMs, int most) =>
        new(Math.Min(most, State.Refs.Count(row =>
        row.ParentKey == link.Key && row.ParentEpoch == link.Epoch && row.GrantEndsMs > nowMs
            && row.RevokedMs is null)));

    public ValueTask<bool> IsRefGoneAsync(string capId) => new(State.GoneRefs.Exists(row => row.CapId == capId));

    public ValueTask<bool> HasEndedGrantsAsync(long endedBeforeMs) => new(State.Refs.Exists(
        row => row.IsGrant && (row.GrantEndsMs <= endedBeforeMs || row.RevokedMs <= endedBeforeMs)));

    public ValueTask<DayUse> ReadQuotaAsync(long refKey, long day) => new(QuotaOf(refKey, day));

    public ValueTask<IReadOnlyList<RefRow>> ReadOwnersBelowAsync(long refKey) =>
    new([
        .. State.Shares.Select(share => RefOf(share.OwnerRefKey)!).OrderBy(row => row.Key)
            .Where(row => row.Key != refKey && ChainOf(row.Key).Any(ancestor => ancestor.Key == refKey)),
    ]);

    public ValueTask<IReadOnlyList<StoredDoc>> ReadDocsAsync(long shareKey, string? kind, DocKey? after, int limit,
        int maxBytes) => new(Page(
        DocsOf(shareKey).Where(doc => kind is null || doc.Kind == kind)
            .Where(doc => after is null || ByBytes.Compare((doc.Kind, doc.Key), (kind ?? after.Kind, after.Key)) > 0),
        limit, maxBytes, doc => doc.Data!.Value.Utf8.Length, doc => doc));

    public ValueTask<IReadOnlyList<string>> ReadDocKeysAsync(long shareKey, string kind, int limit) =>
        new([.. DocsOf(shareKey).Where(doc => doc.Kind == kind).Select(doc => doc.Key).Take(limit)]);

    public ValueTask<IReadOnlyList<ShareListRow>> ReadSharesAsync(long? creatorKey, long after, int limit) => new(Page(
        State.Shares.Where(share => share.Key > after && (creatorKey is null || share.CreatorKey == creatorKey)), limit,
        long.MaxValue,
        _ => 0,
        share => new ShareListRow(
            share, HeadOf(share.Key), NewestOf(share.Key)?.TimeMs, RefOf(share.OwnerRefKey)!.CapId)));

    public ValueTask<IReadOnlyList<ShareRow>> ReadNewestSharesAsync(long creatorKey, long before, int limit) =>
        new([.. State.Shares.Where(share => share.Key < before && share.CreatorKey == creatorKey)
            .OrderByDescending(share => share.Key).Take(limit)]);

    public ValueTask<IReadOnlyList<RefRow>> ReadRefsAsync(RefScope scope, long after, int limit) => new(Page(
        State.Refs.Where(row => row.Key > after).Where(row => scope switch
        {
            { ShareKey: { } share } => row.ShareKey == share,
            { CreatorKey: { } creator } => ChainOf(row.Key).Any(ancestor => ancestor.Key == creator),
            _ => true,
        }),
        limit, long.MaxValue, _ => 0, row => row));

    public ValueTask<AuditRows> ReadAuditAsync(RefScope scope, long after, int limit, bool newestFirst = false,
        AuditFilter? filter = null)
    {
        AuditFilter wanted = filter ?? AuditFilter.None;
        IReadOnlyList<AuditEntry> page = Page(
            State.Audit.Select((row, index) => (Row: row, Position: index + 1L)).Skip((int)State.Removed)
                .OrderBy(entry => newestFirst ? -entry.Position : entry.Position)
                .Where(entry => newestFirst ? after == 0 || entry.Position < after : entry.Position > after)
                .Where(entry => IsWithin(entry.Row, scope) && IsMatch(entry.Row, wanted)),
            limit, long.MaxValue, _ => 0,
            entry => new AuditEntry
            {
                Position = entry.Position, TimeMs = entry.Row.TimeMs, Action = entry.Row.Action,
                Actor = CapId(entry.Row.ActorKey),
                ShareId = entry.Row.ShareKey is { } share ? ShareOf(share)!.ShareId
                    : null, Subject = CapId(entry.Row.SubjectKey),
                Address = entry.Row.Address, Code = entry.Row.Code is { } code ? ErrorCodes.NameOf(code) : null,
                Count = entry.Row.Count,
                Bytes = entry.Row.Bytes,
            });
        return new(new AuditRows(page, page.Count == limit ? page[^1].Position : null));
    }

    public ValueTask<AuditSeal?> SealAuditAsync(int entries)
    {
        int from = (int)(State.Seals.IsEmpty ? State.Removed : State.Seals[^1].Last);
        List<AuditRow> left = [.. State.Audit.Skip(from).Take(entries)];
        return new(left.Count == 0
            ? null : new AuditSeal(from + 1, from + left.Count, left.Max(row => row.TimeMs), []));
    }

    public ValueTask<AuditSeal?> FindOldestSealAsync() => new(State.Seals.FirstOrDefault());

    private bool IsWithin(AuditRow row, RefScope scope) => scope switch
    {
        { ShareKey: { } share, CreatorKey: { } reach } => row.ShareKey == share
            && (IsBelow(row.ActorKey, reach) || IsBelow(row.SubjectKey, reach)),
        { ShareKey: { } share } => row.ShareKey == share,
        { CreatorKey: { } creator } => row.ActorKey == creator
            || (row.ShareKey is { } made && ShareOf(made)!.CreatorKey == creator),
        _ => true,
    };

    private bool IsMatch(AuditRow row, AuditFilter filter) =>
        (filter.CapId is not { } capId || CapId(row.ActorKey) == capId || CapId(row.SubjectKey) == capId)
        && (filter.Action is null || row.Action == filter.Action)
        && (filter.Address is null || row.Address == filter.Address)
        && (filter.Code is null || row.Code == filter.Code)
        && (filter.SinceMs is not { } since || row.TimeMs >= since)
        && (filter.UntilMs is not { } until || row.TimeMs < until);

    private bool IsBelow(long? refKey, long reach) =>
        refKey is { } key && (key == reach || IsBelow(KnownOrGone(key).ParentKey, reach));

    public ValueTask<IReadOnlyList<OpenTurnRow>> ReadOpenTurnsAsync(long afterShare, string afterKey, int limit) =>
        new(Page(
        State.OpenTurns.OrderBy(turn => turn.ShareKey).ThenBy(turn => ("", turn.Key), ByBytes)
            .Where(turn => turn.WriterKey != OpenTurnRow.NoWriter)
            .Where(turn => turn.ShareKey > afterShare
                || (turn.ShareKey == afterShare && Compare(turn.Key, afterKey) > 0)),
        limit, long.MaxValue, _ => 0,
        turn => new OpenTurnRow(turn.ShareKey, turn.Key, turn.Cursor, WriterId(turn.WriterKey)!,
            Watermark(turn.WriterKey))));

    public ValueTask<IReadOnlyList<string>> ReadOpenTurnKeysAsync(long shareKey, int limit) => new([.. State.OpenTurns
        .Where(turn => turn.ShareKey == shareKey).OrderBy(turn => ("", turn.Key), ByBytes).Take(limit)
        .Select(turn => turn.Key)]);

    public ValueTask<long?> FindUnerasedShareAsync(long after = 0) => new(State.Shares.Find(share =>
        share.Key > after && share.State == ShareState.Deleted && !State.Erased.Contains(share.Key))?.Key);

    public ValueTask<SessionShareRow?> FindSessionShareAsync(long creatorKey, string sessionId) =>
        new(State.SessionShares
        .Where(row => row.CreatorKey == creatorKey && row.SessionId == sessionId).MaxBy(row => row.ShareKey));

    public ValueTask<SessionShareRow?> FindSessionShareAsync(long shareKey) =>
        new(State.SessionShares.Find(row => row.ShareKey == shareKey));

    public ValueTask<IReadOnlyList<RefRow>> ReadSessionRefsAsync(long shareKey) =>
        new([.. State.Refs.Where(row => State.SessionRefs.Contains((shareKey, row.Key))).OrderBy(row => row.Key)]);

    public ValueTask<RefRow?> FindOpenCreatorAsync() =>
        new(State.OpenCreators.IsEmpty ? null : RefOf(State.OpenCreators.Max()));

    protected RefRow? RefOf(long refKey) => State.Refs.Find(row => row.Key == refKey);

    protected ShareRow? ShareOf(long shareKey) => State.Shares.Find(share => share.Key == shareKey);

    protected long HeadOf(long shareKey) => OpsOf(shareKey).Select(op => op.Cursor).DefaultIfEmpty(0).Max();

    protected StoredDoc? DocOf(long shareKey, string kind, string key) =>
        DocsOf(shareKey).FirstOrDefault(doc => doc.Kind == kind && doc.Key == key);

    protected DayUse QuotaOf(long refKey, long day) =>
        State.Quotas.Find(quota => quota.RefKey == refKey && quota.Day == day).Use;

    protected IReadOnlyList<RefRow> ChainOf(long refKey)
    {
        RefRow row = RefOf(refKey)!;
        return row.ParentKey is { } parent ? [row, .. ChainOf(parent)] : [row];
    }

    protected IEnumerable<OpRow> OpsOf(long shareKey) =>
        State.Ops.Where(op => op.ShareKey == shareKey).OrderBy(op => op.Cursor);

    private OpRow? NewestOf(long shareKey) => OpsOf(shareKey).LastOrDefault(op => op.Kind != Kinds.Comment);

    protected string? WriterId(long? writerKey) =>
        writerKey is null ? null : State.Writers.Find(writer => writer.Row.Key == writerKey).Row.WriterId;

    private long Watermark(long writerKey) => State.Writers.Find(writer => writer.Row.Key == writerKey).Row.AckedSeq;

    private IEnumerable<StoredDoc> DocsOf(long shareKey) =>
        State.Docs.Where(entry => entry.ShareKey == shareKey).Select(entry => ToStored(shareKey, entry.Doc))
            .OrderBy(doc => (doc.Kind, doc.Key), ByBytes);

    private StoredDoc ToStored(long shareKey, FoldedDoc doc) => new(
        doc.Kind, doc.Key, doc.Cursor,
        doc.IsPointer ? new RawJson(OpsOf(shareKey).First(op => op.Cursor == doc.Cursor).Data!.Value) : doc.Data,
        doc.Size, doc.Class);

    private string? CapId(long? refKey) => refKey is { } key ? KnownOrGone(key).CapId : null;

    private RefRow KnownOrGone(long key) => RefOf(key) ?? State.GoneRefs.Find(row => row.Key == key)!;

    private LoggedOp ToLogged(OpRow op) => new()
    {
        Cursor = op.Cursor, OpId = op.OpId, Verb = op.Verb, Kind = op.Kind, Key = op.Key,
        Data = op.Data is { } data ? new(data) : null, WriterId = WriterId(op.WriterKey), Seq = op.Seq,
        Actor = RefOf(op.ActorKey)!.CapId, TimeMs = op.TimeMs, SchemaVersion = Subprotocols.SchemaVersion,
        ContentClass = (int)op.Class, ClassBefore = (int)op.ClassBefore,
    };

    private static int Compare(string left, string right) =>
        Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right));

    private static List<TResult> Page<T, TResult>(
        IEnumerable<T> rows, int limit, long maxBytes, Func<T, int> bytes, Func<T, TResult> convert)
    {
        var page = new List<TResult>();
        long sum = 0;
        foreach (T row in rows.Take(limit))
        {
            sum += bytes(row);
            if (page.Count > 0 && sum > maxBytes) break;
            page.Add(convert(row));
        }

        return page;
    }
}
