using System.Text;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Storage.Model;

/// <summary>
/// Writes, as the server makes them: cursors and seqs without gaps, every seq with one record. Each is done to both
/// sides, with each side's own keys.
/// </summary>
internal static class StoreWrites
{
    /// <summary>Does a step, the <paramref name="number"/>th, to one side; returns what it answers.</summary>
    public static async ValueTask<object?> WriteAsync(IWriteTransaction side, StoreStep step, int number) =>
        step.Act switch
    {
        StoreAct.Creator => await AddCreatorAsync(side, step, number),
        StoreAct.Share => await AddShareAsync(side, step, number),
        StoreAct.Attenuate => await AddChildAsync(side, step, number),
        StoreAct.Revoke => await RevokeAsync(side, step, number),
        StoreAct.Audit => await AddAuditAsync(side, step, number),
        StoreAct.Suspend or StoreAct.Rotate or StoreAct.Adopt or StoreAct.Use or StoreAct.Quota
            or StoreAct.EndGrants or StoreAct.DeleteGrants =>
            await ChangeRefAsync(side, step, number),
        StoreAct.OpenCreator => await AddOpenCreatorAsync(side, number),
        _ => await PickShareAsync(side, step.A) is { } share ? await WriteAsync(side, share, step, number) : null,
    };

    private static async ValueTask<object?> WriteAsync(IWriteTransaction side, ShareRow share, StoreStep step,
        int number)
    {
        bool isActive = share.State == ShareState.Active;
        switch (step.Act)
        {
            case StoreAct.Writer when await side.FindWriterAsync(share.Key, Pool.Writers.At(step.B)) is null:
                await side.InsertWriterAsync(share.Key, Pool.Writers.At(step.B), share.OwnerRefKey);
                return null;
            case StoreAct.Append when isActive:
                return await AppendAsync(side, share, step, number);
            case StoreAct.Reject when isActive:
                Record(side, share, await PickWriterAsync(side, share, step.C), Pool.OpIds.At(step.B % 3),
                    Pool.Codes.At(step.C), number);
                return null;
            case StoreAct.WriteDoc when isActive:
                await WriteDocAsync(side, share, step);
                return null;
            case StoreAct.Fold when isActive:
                side.SetFolded(share.Key, Math.Min(await side.ReadHeadAsync(share.Key), share.Folded + step.B));
                return null;
            case StoreAct.SessionShare when await side.FindSessionShareAsync(share.Key) is null:
                side.InsertSessionShare(new SessionShareRow(share.Key, share.CreatorKey, $"ses{step.B % 2}"));
                side.InsertSessionRef(share.Key, share.OwnerRefKey);
                return null;
            case StoreAct.DropData when isActive:
                return await DropDataAsync(side, share, step);
            case StoreAct.OpenTurn when isActive:
                long? writer = step.C < 3 ? null
                    : step.C == 3 ? OpenTurnRow.NoWriter : (await PickWriterAsync(side, share, step.C))?.Key;
                side.SetOpenTurn(share.Key, Pool.Keys.At(step.B), await side.ReadHeadAsync(share.Key), writer);
                return null;
            case StoreAct.End when isActive:
                side.SetShareLabel(share.Key, $"ended {step.B}");
                side.SetShareKept(share.Key, 1 + step.B);
                side.SetShareState(share.Key, ShareState.Ended);
                return null;
            case StoreAct.Delete:
                side.SetShareState(share.Key, ShareState.Deleted);
                return null;
            case StoreAct.Erase when share.State == ShareState.Deleted:
                await EraseAsync(side, share, 1 + step.B);
                return null;
            default:
                return null;
        }
    }

    private static async ValueTask<object?> DropDataAsync(IWriteTransaction side, ShareRow share, StoreStep step)
    {
        long to = Math.Min(share.Folded, share.Scanned + step.B);
        long dropped = await side.DropDataAsync(share.Key, share.Scanned + 1, to);
        side.SetCompacted(share.Key, Math.Max(share.Scanned, to), Math.Max(share.Compacted, dropped));
        return dropped;
    }

    private static async ValueTask<object?> AddCreatorAsync(IWriteTransaction side, StoreStep step, int number)
    {
        RefRow[] others = [.. (await side.ReadRefsAsync(default, 0, int.MaxValue)).Where(row => row.ShareKey is null)];
        RefRow? parent = step.A < 3 || others.Length == 0 ? null : others.At(step.A);
        await side.InsertRefAsync(NewRef(number, parent, null, RightsNames.Creator));
        return null;
    }

    private static async ValueTask<object?> AddShareAsync(IWriteTransaction side, StoreStep step, int number)
    {
        RefRow[] creators = [.. (await side.ReadRefsAsync(default, 0, int.MaxValue)).Where(
            row => row.ShareKey is null)];
        if (creators.Length == 0) return null;
        RefRow creator = creators.At(step.A);
        long share = await side.InsertShareAsync($"s{number}", creator.Key, step.B == 0 ? null : $"share {number}",
            number);
        side.SetOwner(share, await side.InsertRefAsync(NewRef(number, creator, share, RightsNames.Owner)));
        return null;
    }

    private static async ValueTask<object?> AddChildAsync(IWriteTransaction side, StoreStep step, int number)
    {
        RefRow[] parents = [.. (await side.ReadRefsAsync(default, 0, int.MaxValue)).Where(
            row => row.ShareKey is not null)];
        if (parents.Length == 0) return null;
        RefRow parent = parents.At(step.A);
        RefRow child = NewRef(number, parent, parent.ShareKey,
            step.B % 2 == 0 ? Rights.Read : Rights.Read | Rights.Append);
        await side.InsertRefAsync(step.C % 2 == 0 ? child : child with { GrantEndsMs = number + step.B });
        return null;
    }

    private static async ValueTask<object?> RevokeAsync(IWriteTransaction side, StoreStep step, int number)
    {
        IReadOnlyList<RefRow> refs = await side.ReadRefsAsync(default, 0, int.MaxValue);
        if (refs.Count > 0) side.SetRevoked(refs.At(step.A).Key, refs.At(step.A).Epoch + 1, number);
        return null;
    }

    private static async ValueTask<object?> ChangeRefAsync(IWriteTransaction side, StoreStep step, int number)
    {
        IReadOnlyList<RefRow> refs = await side.ReadRefsAsync(default, 0, int.MaxValue);
        if (refs.Count == 0) return null;
        RefRow row = refs.At(step.A);
        switch (step.Act)
        {
            case StoreAct.Suspend:
                side.SetSuspended(row.Key, step.B % 2 == 0 ? number : null);
                break;
            case StoreAct.Rotate:
                side.Rotate(row, row.Epoch + 1, [9, 8, 7, 6, 5, 4, 3, (byte)number], step.C > 5 ? "$phrase" : null);
                break;
            case StoreAct.EndGrants:
                return $"{(await side.EndGrantsAsync(row.Key, number)).Count} {await side.CountGrantsAsync(row, 0, 2)}";
            case StoreAct.DeleteGrants:
                for (int steps = 0; !await side.DeleteGrantsAsync(number - (step.B * 5),
                    1 + step.C); steps++) Assert.InRange(
                    steps, 0, 1_000);
                return await side.IsRefGoneAsync(row.CapId);
            case StoreAct.Adopt:
                IReadOnlyList<RefRow> owners = await side.ReadOwnersBelowAsync(row.Key);
                RefRow root = (await side.ReadChainAsync(row.Key))[^1];
                foreach (RefRow owner in owners)
                {
                    side.Adopt(owner with
                    {
                        ParentKey = root.Key, ParentEpoch = root.Epoch, RetiredMs = number, SuspendedMs = step.B % 2,
                        Caveats = owner.Caveats with { MaxUses = 1 + step.C },
                    });
                }

                return owners.Count;
            case StoreAct.Use:
                side.CountUse(row.Key, number);
                if (step.B % 2 == 0) side.SetLastRedeemed(row.Key, number);
                break;
            default:
                side.AddQuota(row.Key, step.B % 3, new DayUse(step.B, step.C, step.A, step.B));
                break;
        }

        return null;
    }

    private static async ValueTask<object?> AddAuditAsync(IWriteTransaction side, StoreStep step, int number)
    {
        IReadOnlyList<RefRow> refs = await side.ReadRefsAsync(default, 0, int.MaxValue);
        long? actor = refs.Count > 0 && step.B > 1 ? refs.At(step.B).Key : null;
        long? subject = refs.Count > 0 && step.C > 1 ? refs.At(step.C).Key : null;
        side.InsertAudit(new AuditRow(number, $"act{step.A}", actor, step.A < 4 ? null : (await PickShareAsync(side,
            step.A))?.Key, subject,
            step.B % 3 == 0 ? "192.0.2.1" : null, step.C % 4 == 0 ? ErrorCode.CapabilityRevoked : null,
            step.B % 2 == 0 ? number : null,
                step.C));
        return null;
    }

    private static async ValueTask<object?> AddOpenCreatorAsync(IWriteTransaction side, int number)
    {
        side.InsertOpenCreator(await side.InsertRefAsync(NewRef(number, null, null, RightsNames.Creator)));
        return null;
    }

    /// <summary>True when the op is new; otherwise its seq is recorded as a duplicate's.</summary>
    private static async ValueTask<object?> AppendAsync(IWriteTransaction side, ShareRow share, StoreStep step,
        int number)
    {
        WriterRow? writer = await PickWriterAsync(side, share, step.C);
        string opId = step.B < 4 ? $"n{number}" : Pool.OpIds.At(step.B);
        string verb = Pool.Verbs.At(step.B + step.C);
        bool isNew = await side.TryInsertOpAsync(new OpRow
        {
            ShareKey = share.Key, Cursor = await side.ReadHeadAsync(share.Key) + 1, OpId = opId,
                Digest = Digest(number), WriterKey = writer?.Key,
            Seq = writer?.AckedSeq + 1, Verb = verb, Kind = Pool.Kinds.At(step.A), Key = Pool.Keys.At(step.C),
            Class = (ContentClass)(number % 5), ClassBefore = (ContentClass)(number % 7 % 5),
            Data = verb == Verbs.Remove ? null : Encoding.UTF8.GetBytes(Pool.Data.At(number)),
                ActorKey = share.OwnerRefKey,
            TimeMs = number,
        });
        if (!isNew)
        {
            long cursor = (await side.FindOpRecordAsync(share.Key, opId))!.Cursor;
            Record(side, share, writer, opId, null, number, cursor);
        }
        else if (writer is not null) side.SetWatermark(share.Key, writer.Key, writer.AckedSeq + 1);
        return isNew;
    }

    private static void Record(
        IWriteTransaction side, ShareRow share, WriterRow? writer, string opId, ErrorCode? code, int number,
        long cursor = 0)
    {
        side.InsertRejection(share.Key, opId, Digest(number), writer?.Key, writer?.AckedSeq + 1, code, cursor);
        if (writer is not null) side.SetWatermark(share.Key, writer.Key, writer.AckedSeq + 1);
    }

    private static async ValueTask WriteDocAsync(IWriteTransaction side, ShareRow share, StoreStep step)
    {
        if (step.A % 2 == 0)
        {
            IReadOnlyList<LoggedOp> puts = [.. (await side.ReadOpsAsync(share.Key, 0, int.MaxValue, int.MaxValue))
                .Where(op => op.Verb == Verbs.Put && op.Data is not null)];
            if (puts.Count == 0) return;
            LoggedOp put = puts.At(step.B);
            side.WriteDocs(share.Key,
                [new(put.Kind, put.Key, put.Cursor, null, IsRemoved: false, step.C * 10, ContentClass.Plain)]);
            return;
        }

        RawJson? data = step.C % 4 == 0 ? null : RawJson.Parse(Pool.Data.At(step.C));
        long head = await side.ReadHeadAsync(share.Key);
        side.WriteDoc(share.Key, new StoredDoc(Pool.Kinds.At(step.C), Pool.Keys.At(step.B), head, data, step.B * 100,
            (ContentClass)(step.C % 5)));
    }

    /// <summary>What goes first is the store's own business; it ends, and then nothing is left.</summary>
    private static async ValueTask EraseAsync(IWriteTransaction side, ShareRow share, int rows)
    {
        for (int steps = 0; !await side.EraseShareAsync(share.Key, rows, 1_000_000); steps++)
            Assert.InRange(steps, 0, 1_000);
        side.SetErased(share.Key);
    }

    private static async ValueTask<ShareRow?> PickShareAsync(IWriteTransaction side, int index)
    {
        IReadOnlyList<ShareListRow> shares = await side.ReadSharesAsync(null, 0, int.MaxValue);
        return shares.Count == 0 ? null : shares.At(index).Share;
    }

    private static async ValueTask<WriterRow?> PickWriterAsync(IWriteTransaction side, ShareRow share, int index) =>
        index < 3 ? null : await side.FindWriterAsync(share.Key, Pool.Writers.At(index));

    private static RefRow NewRef(int number, RefRow? parent, long? share, Rights rights) => new()
    {
        CapId = $"c{number}", ParentKey = parent?.Key, ShareKey = share, ParentEpoch = parent?.Epoch ?? 1,
        Depth = (parent?.Depth ?? -1) + 1,
        Rights = rights, Caveats = number % 3 == 0 ? Caveats.None with { ExpiresAtMs = number } : Caveats.None,
        Label = number % 4 == 0 ? null : $"ref {number}", Verifier = [1, 2, 3, 4, 5, 6, 7, (byte)number],
        CreatedMs = number,
    };

    private static byte[] Digest(int number) => [.. BitConverter.GetBytes(number), .. new byte[12]];
}
