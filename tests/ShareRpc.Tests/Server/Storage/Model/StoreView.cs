using System.Globalization;
using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Storage.Model;

/// <summary>
/// All that a store shows, as text: everything is named by the ids that callers chose, since a store's own keys are
/// its own business.
/// </summary>
internal sealed class StoreView(IReadSnapshot store, int limit, int maxBytes)
{
    private readonly StringBuilder text = new();

    public static ValueTask<string> OfAsync(IReadSnapshot store, StoreStep step) =>
        new StoreView(store, 1 + (step.B % 4), step.C * 60).WriteAsync();

    private async ValueTask<string> WriteAsync()
    {
        List<ShareListRow> shares = await WalkAsync(after => store.ReadSharesAsync(null, after, limit),
            row => row.Share.Key);
        List<RefRow> refs = await WalkAsync(after => store.ReadRefsAsync(default, after, limit), row => row.Key);
        foreach (ShareListRow row in shares) await WriteShareAsync(row);
        foreach (RefRow row in refs) await WriteRefAsync(row);
        await WriteAuditAsync("audit", null, null);
        Line($"open creator {(await store.FindOpenCreatorAsync())?.CapId}");
        foreach (ShareListRow row in shares)
        {
            Line($"streaming {string.Join(',', await store.ReadOpenTurnKeysAsync(row.Share.Key, 3))}");
        }

        foreach (OpenTurnRow turn in await store.ReadOpenTurnsAsync(0, "", 1_000))
        {
            Line($"open {(await store.FindShareAsync(turn.ShareKey))!.ShareId} {turn.Key} {turn.Cursor} {
                turn.WriterId} {turn.AckedSeq}");
        }

        Line($"nobody {await store.FindShareAsync("nobody") is null} {await store.FindRefAsync("nobody") is null}");
        if (await store.FindUnerasedShareAsync() is { } unerased) Line(
            $"unerased {(await store.FindShareAsync(unerased))!.State}");
        else Line($"unerased none");
        return text.ToString();
    }

    private async ValueTask WriteShareAsync(ShareListRow row)
    {
        ShareRow share = (await store.FindShareAsync(row.Share.ShareId))!;
        Assert.Equal(share, row.Share);
        Assert.Equal(share, await store.FindShareAsync(share.Key));
        (string? owner, string? creator) = (await CapAsync(share.OwnerRefKey), await CapAsync(share.CreatorKey));
        Line($"share {share.ShareId} owner {owner} {row.OwnerCapId} creator {creator} '{share.Label}'");
        Line($"  {share.State} folded {share.Folded} compacted {share.Scanned} {share.Compacted} made {
            share.CreatedMs} {share.KeptMs}");
        Line($"  head {await store.ReadHeadAsync(share.Key)} {row.Head} {row.LastAppendMs}");
        foreach (LoggedOp op in await WalkAsync(after => store.ReadOpsAsync(share.Key, after, limit, maxBytes),
            op => op.Cursor))
        {
            Line($"  op {op.Cursor} {op.OpId} {op.Verb} {op.Kind}/{op.Key} {op.Data} by {op.WriterId}:{op.Seq} {
                op.Actor} {op.TimeMs}");
            Line($"    {op.ContentClass} {op.ClassBefore}");
        }

        foreach (TailOp op in await store.ReadTailAsync(share.Key, share.Folded, 1_000)) Line($"  tail {op}");
        foreach (string? kind in (string?[])[null, .. Pool.Kinds])
        {
            Line($"  docs {kind}: {string.Join(" ", (await WalkDocsAsync(share.Key, kind)).Select(Show))}");
        }

        foreach (string kind in Pool.Kinds)
        {
            var docs = new List<string>();
            foreach (string key in Pool.Keys)
            {
                docs.Add(
                    $"{Show(await store.FindDocAsync(share.Key, kind, key))} {
                        await store.ReadDocMeasureAsync(share.Key, kind, key)}");
            }

            Line($"  find {kind} {string.Join(" | ", docs)}");
        }

        foreach (string id in Pool.Writers)
        {
            if (await store.FindWriterAsync(share.Key, id) is { } writer) Line(
                $"  writer {writer.WriterId} of {await CapAsync(writer.RefKey)} up to {writer.AckedSeq}");
        }

        string session = (await store.FindSessionShareAsync(share.Key))?.SessionId ?? "-";
        Line($"  session {session} {
            (await store.FindSessionShareAsync(share.CreatorKey, "ses0"))?.ShareKey == share.Key}");
        Line($"  session refs {Caps(await store.ReadSessionRefsAsync(share.Key))}");
        if (store is IWriteTransaction transaction) await WriteRecordsAsync(transaction, share.Key);
        await WriteAuditAsync("  audit", share.Key, null);
    }

    private async ValueTask WriteRecordsAsync(IWriteTransaction transaction, long share)
    {
        foreach (string opId in Pool.OpIds) Line($"  record {Show(await transaction.FindOpRecordAsync(share, opId))}");
        var writers = new List<WriterRow>();
        foreach (string id in Pool.Writers)
        {
            if (await store.FindWriterAsync(share, id) is { } known) writers.Add(known);
        }

        foreach (WriterRow writer in writers)
        {
            string records = string.Join(" ",
                (await transaction.ReadWriterRecordsAsync(writer.Key, limit, 6)).Select(Show));
            Line($"  records of {writer.WriterId} from {limit}: {records}");
        }

        for (long cursor = 1; cursor <= await store.ReadHeadAsync(share); cursor++)
        {
            (string verb, ReadOnlyMemory<byte>? data, long? writerKey) = await transaction.ReadOpContentAsync(share,
                cursor);
            string? writer = writers.FirstOrDefault(row => row.Key == writerKey)?.WriterId;
            Line($"  content {cursor} {verb} {(data is { } bytes ? new RawJson(bytes) : null)} {writer}");
        }
    }

    private async ValueTask WriteRefAsync(RefRow row)
    {
        Assert.Equal(row.Key, (await store.FindRefAsync(row.Key))!.Key);
        Line($"ref {row.CapId} share {
            (row.ShareKey is { } share ? (await store.FindShareAsync(share))!.ShareId : null)} '{row.Label}'");
        IEnumerable<string> chain = (await store.ReadChainAsync(row.Key)).Select(ancestor => ancestor.CapId);
        Line($"  under {string.Join(" ", chain)} {row.ParentEpoch} {row.Depth}");
        Line($"  {row.Rights} {JsonSerializer.Serialize(row.Caveats, ProtocolJson.Options)} epoch {row.Epoch} {
            row.RevokedMs}");
        Line($"  {Convert.ToHexString(row.Verifier)} {row.GrantEndsMs} {row.CreatedMs} {
            (await store.FindRefAsync(row.CapId))!.Epoch}");
        Line($"  {row.SuspendedMs} {row.RetiredMs} {row.Passphrase} {row.Uses} {row.UsedMs} {row.LastRedeemedMs}");
        IEnumerable<string> former = (await store.ReadFormerVerifiersAsync(row.Key, 2)).Select(Convert.ToHexString);
        Line($"  formerly {string.Join(" ", former)}");
        Line($"  used {await store.ReadQuotaAsync(row.Key, 0)} {await store.ReadQuotaAsync(row.Key, 2)}");
        Line($"  above {Caps(await store.ReadOwnersBelowAsync(row.Key))}");
        var ofCreator = new RefScope(null, row.Key);
        Line($"  reaches {
            Caps(await WalkAsync(after => store.ReadRefsAsync(ofCreator, after, limit), child => child.Key))}");
        Line($"  made {
            string.Join(" ", (await store.ReadSharesAsync(row.Key, 0, limit)).Select(made => made.Share.ShareId))}");
        await WriteAuditAsync("  audit", null, row.Key);
        if (row.ShareKey is not { } shareKey) return;
        await WriteAuditAsync("  audit beside", shareKey, row.Key);
        var ofShare = new RefScope(shareKey, null);
        Line($"  beside {
            Caps(await WalkAsync(after => store.ReadRefsAsync(ofShare, after, limit), child => child.Key))}");
    }

    private async ValueTask WriteAuditAsync(string name, long? share, long? creator)
    {
        var scope = new RefScope(share, creator);
        foreach (bool newestFirst in (bool[])[false, true])
        {
            foreach (AuditEntry entry in await WalkAsync(
                async after => (await store.ReadAuditAsync(scope, after, limit, newestFirst)).Entries,
                entry => entry.Position))
            {
                Line($"{name} {entry.TimeMs} {entry.Action} {entry.Actor} {entry.ShareId} {entry.Subject}");
                Line($"    {entry.Address} {entry.Code} {entry.Count} {entry.Bytes}");
            }
        }
    }

    private async ValueTask<List<StoredDoc>> WalkDocsAsync(long share, string? kind)
    {
        var seen = new List<StoredDoc>();
        DocKey? after = null;
        while (await store.ReadDocsAsync(share, kind, after, limit, maxBytes) is { Count: > 0 } page)
        {
            seen.AddRange(page);
            after = new DocKey(page[^1].Kind, page[^1].Key);
        }

        return seen;
    }

    /// <summary>Every page after the other; where a page ends is part of what is compared.</summary>
    private async ValueTask<List<T>> WalkAsync<T>(Func<long, ValueTask<IReadOnlyList<T>>> read, Func<T, long> position)
    {
        var seen = new List<T>();
        while (await read(seen.Count == 0 ? 0 : position(seen[^1])) is { Count: > 0 } page)
        {
            text.Append(CultureInfo.InvariantCulture, $"[{page.Count}]");
            seen.AddRange(page);
        }

        return seen;
    }

    private async ValueTask<string?> CapAsync(long key) => (await store.FindRefAsync(key))?.CapId;

    private static string Caps(IEnumerable<RefRow> rows) => string.Join(" ", rows.Select(row => row.CapId));

    private static string Show(StoredDoc? doc) => doc is null ?
        "-" : $"{doc.Kind}/{doc.Key}@{doc.Cursor}={doc.Data}({doc.Size} {doc.Class})";

    private static string Show(OpRecord? record) => record is null
        ? "-"
        : $"{record.OpId} {Convert.ToHexString(record.Digest)} @{record.Cursor} {record.Applied} {record.Code}";

    private void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
}
