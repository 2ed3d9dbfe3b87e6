using System.Globalization;
using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Storage.Model;

/// <summary>
/// All that a store shows, as text: everything is named by the ids that callers chose, since a store's own keys are its own business.
/// </summary>
internal sealed class StoreView(IReadSnapshot store, int limit, int maxBytes)
{
    private readonly StringBuilder text = new();

    public static string Of(IReadSnapshot store, StoreStep step) => new StoreView(store, 1 + (step.B % 4), step.C * 60).Write();

    private string Write()
    {
        List<ShareListRow> shares = Walk(after => store.ReadShares(null, after, limit), row => row.Share.Key);
        List<RefRow> refs = Walk(after => store.ReadRefs(default, after, limit), row => row.Key);
        foreach (ShareListRow row in shares) WriteShare(row);
        foreach (RefRow row in refs) WriteRef(row);
        WriteAudit("audit", null, null);
        Line($"open creator {store.FindOpenCreator()?.CapId}");
        foreach (OpenTurnRow turn in store.ReadOpenTurns(0, "", 1_000))
        {
            Line($"open {store.FindShare(turn.ShareKey)!.ShareId} {turn.Key} {turn.Cursor} {turn.WriterId} {turn.AckedSeq}");
        }

        Line($"nobody {store.FindShare("nobody") is null} {store.FindRef("nobody") is null}");
        if (store.FindUnerasedShare() is { } unerased) Line($"unerased {store.FindShare(unerased)!.State}");
        else Line($"unerased none");
        return text.ToString();
    }

    private void WriteShare(ShareListRow row)
    {
        ShareRow share = store.FindShare(row.Share.ShareId)!;
        Assert.Equal(share, row.Share);
        Assert.Equal(share, store.FindShare(share.Key));
        Line($"share {share.ShareId} owner {Cap(share.OwnerRefKey)} {row.OwnerCapId} creator {Cap(share.CreatorKey)} '{share.Label}'");
        Line($"  {share.State} folded {share.Folded} compacted {share.Scanned} {share.Compacted} made {share.CreatedMs}");
        Line($"  head {store.ReadHead(share.Key)} {row.Head} {row.LastAppendMs}");
        foreach (LoggedOp op in Walk(after => store.ReadOps(share.Key, after, limit, maxBytes), op => op.Cursor))
        {
            Line($"  op {op.Cursor} {op.OpId} {op.Verb} {op.Kind}/{op.Key} {op.Data} by {op.WriterId}:{op.Seq} {op.Actor} {op.TimeMs}");
            Line($"    {op.ContentClass}");
        }

        foreach (TailOp op in store.ReadTail(share.Key, share.Folded, 1_000)) Line($"  tail {op}");
        foreach (string? kind in (string?[])[null, .. Pool.Kinds])
        {
            Line($"  docs {kind}: {string.Join(" ", WalkDocs(share.Key, kind).Select(Show))}");
        }

        foreach (string kind in Pool.Kinds)
        {
            IEnumerable<string> docs = Pool.Keys.Select(
                key => $"{Show(store.FindDoc(share.Key, kind, key))} {store.ReadDocMeasure(share.Key, kind, key)}");
            Line($"  find {kind} {string.Join(" | ", docs)}");
        }

        foreach (WriterRow? writer in Pool.Writers.Select(id => store.FindWriter(share.Key, id)))
        {
            if (writer is not null) Line($"  writer {writer.WriterId} of {Cap(writer.RefKey)} up to {writer.AckedSeq}");
        }

        string opencode = store.FindSessionShare(share.Key)?.SessionId ?? "-";
        Line($"  opencode {opencode} {store.FindSessionShare(share.CreatorKey, "ses0")?.ShareKey == share.Key}");
        Line($"  opencode refs {Caps(store.ReadSessionRefs(share.Key))}");
        if (store is IWriteTransaction transaction) WriteRecords(transaction, share.Key);
        WriteAudit("  audit", share.Key, null);
    }

    private void WriteRecords(IWriteTransaction transaction, long share)
    {
        foreach (string opId in Pool.OpIds) Line($"  record {Show(transaction.FindOpRecord(share, opId))}");
        WriterRow[] writers = [.. Pool.Writers.Select(id => store.FindWriter(share, id)).OfType<WriterRow>()];
        foreach (WriterRow writer in writers)
        {
            string records = string.Join(" ", transaction.ReadWriterRecords(writer.Key, limit, 6).Select(Show));
            Line($"  records of {writer.WriterId} from {limit}: {records}");
        }

        for (long cursor = 1; cursor <= store.ReadHead(share); cursor++)
        {
            (string verb, ReadOnlyMemory<byte>? data, long? writerKey) = transaction.ReadOpContent(share, cursor);
            string? writer = writers.FirstOrDefault(row => row.Key == writerKey)?.WriterId;
            Line($"  content {cursor} {verb} {(data is { } bytes ? new RawJson(bytes) : null)} {writer}");
        }
    }

    private void WriteRef(RefRow row)
    {
        Assert.Equal(row.Key, store.FindRef(row.Key)!.Key);
        Line($"ref {row.CapId} share {(row.ShareKey is { } share ? store.FindShare(share)!.ShareId : null)} '{row.Label}'");
        Line($"  under {string.Join(" ", store.ReadChain(row.Key).Select(ancestor => ancestor.CapId))} {row.ParentEpoch} {row.Depth}");
        Line($"  {row.Rights} {JsonSerializer.Serialize(row.Caveats, ProtocolJson.Options)} epoch {row.Epoch} {row.RevokedMs}");
        Line($"  {Convert.ToHexString(row.Verifier)} {row.GrantEndsMs} {row.CreatedMs} {store.FindRef(row.CapId)!.Epoch}");
        Line($"  {row.SuspendedMs} {row.RetiredMs} {row.Passphrase} {row.Uses} {row.UsedMs} {row.LastRedeemedMs}");
        IEnumerable<string> former = store.ReadFormerVerifiers(row.Key, 2).Select(Convert.ToHexString);
        Line($"  formerly {string.Join(" ", former)}; used {store.ReadQuota(row.Key, 0)} {store.ReadQuota(row.Key, 2)}");
        Line($"  above {Caps(store.ReadOwnersBelow(row.Key))}");
        var ofCreator = new RefScope(null, row.Key);
        Line($"  reaches {Caps(Walk(after => store.ReadRefs(ofCreator, after, limit), child => child.Key))}");
        Line($"  made {string.Join(" ", store.ReadShares(row.Key, 0, limit).Select(made => made.Share.ShareId))}");
        WriteAudit("  audit", null, row.Key);
        if (row.ShareKey is not { } shareKey) return;
        WriteAudit("  audit beside", shareKey, row.Key);
        var ofShare = new RefScope(shareKey, null);
        Line($"  beside {Caps(Walk(after => store.ReadRefs(ofShare, after, limit), child => child.Key))}");
    }

    private void WriteAudit(string name, long? share, long? creator)
    {
        var scope = new RefScope(share, creator);
        foreach (bool newestFirst in (bool[])[false, true])
        {
            foreach (AuditEntry entry in Walk(after => store.ReadAudit(scope, after, limit, newestFirst), entry => entry.Position))
            {
                Line($"{name} {entry.TimeMs} {entry.Action} {entry.Actor} {entry.ShareId} {entry.Subject}");
                Line($"    {entry.Address} {entry.Code} {entry.Count} {entry.Bytes}");
            }
        }
    }

    private List<StoredDoc> WalkDocs(long share, string? kind)
    {
        var seen = new List<StoredDoc>();
        DocKey? after = null;
        while (store.ReadDocs(share, kind, after, limit, maxBytes) is { Count: > 0 } page)
        {
            seen.AddRange(page);
            after = new DocKey(page[^1].Kind, page[^1].Key);
        }

        return seen;
    }

    /// <summary>Every page after the other; where a page ends is part of what is compared.</summary>
    private List<T> Walk<T>(Func<long, IReadOnlyList<T>> read, Func<T, long> position)
    {
        var seen = new List<T>();
        while (read(seen.Count == 0 ? 0 : position(seen[^1])) is { Count: > 0 } page)
        {
            text.Append(CultureInfo.InvariantCulture, $"[{page.Count}]");
            seen.AddRange(page);
        }

        return seen;
    }

    private string? Cap(long key) => store.FindRef(key)?.CapId;

    private static string Caps(IEnumerable<RefRow> rows) => string.Join(" ", rows.Select(row => row.CapId));

    private static string Show(StoredDoc? doc) => doc is null ?
        "-" : $"{doc.Kind}/{doc.Key}@{doc.Cursor}={doc.Data}({doc.Size} {doc.Class})";

    private static string Show(OpRecord? record) => record is null
        ? "-"
        : $"{record.OpId} {Convert.ToHexString(record.Digest)} @{record.Cursor} {record.Applied} {record.Code}";

    private void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
}
