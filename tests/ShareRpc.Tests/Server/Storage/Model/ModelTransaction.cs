using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Storage.Model;

/// <summary>A copy of the state that becomes the state at <see cref="CommitAsync"/>.</summary>
internal sealed class ModelTransaction(ModelState start, Action<ModelState> commit) : ModelReads, IWriteTransaction
{
    private readonly ModelState before = start;
    private ModelState state = start;

    protected override ModelState State => state;

    public override ValueTask DisposeAsync()
    {
        return default;
    }

    public ValueTask<bool> CommitAsync()
    {
        commit(state);
        return new(!ReferenceEquals(state, before));
    }

    public async ValueTask<IReadOnlyList<AppendFacts>> ReadForAppendAsync(IReadOnlyList<AppendLookup> lookups)
    {
        var facts = new List<AppendFacts>();
        foreach (AppendLookup lookup in lookups)
        {
            var documents = new Dictionary<(string, string), DocumentMeasure>();
            foreach ((string kind, string key) in lookup.Documents)
                documents[(kind, key)] = await ReadDocMeasureAsync(lookup.ShareKey, kind, key);
            facts.Add(new AppendFacts
            {
                Records = lookup.OpIds.Select(id => RecordOf(lookup.ShareKey, id)).OfType<OpRecord>()
                    .ToDictionary(record => record.OpId),
                Documents = documents,
                Uses = lookup.Refs.ToDictionary(key => key, key => QuotaOf(key, lookup.Day)),
            });
        }

        return facts;
    }

    public void Append(AppendedBatch batch)
    {
        foreach (AppliedOp op in batch.Applied)
        {
            Assert.Equal(OpsOf(batch.ShareKey).Count() + 1, op.Cursor);
            Assert.DoesNotContain(OpsOf(batch.ShareKey), other => other.OpId == op.Op.OpId);
            state = state with
            {
                Ops = state.Ops.Add(new OpRow
                {
                    ShareKey = batch.ShareKey, Cursor = op.Cursor, OpId = op.Op.OpId, Digest = op.Digest,
                    WriterKey = batch.WriterKey, Seq = op.Op.Seq, Verb = op.Op.Verb, Kind = op.Op.Kind,
                    Key = op.Op.Key, Data = op.Op.Data?.Utf8, Class = op.Class, ClassBefore = op.ClassBefore,
                    ActorKey = batch.ActorKey, TimeMs = batch.TimeMs,
                }),
            };
        }

        state = state with
        {
            Notes = state.Notes.AddRange(batch.Unapplied.Select(op => new ModelState.Note(
                batch.ShareKey, op.OpId, op.Digest, batch.WriterKey, op.Seq, op.Code, op.Cursor))),
        };
        foreach (TurnMark turn in batch.Turns)
        {
            long? writer = turn.IsStreaming ? batch.WriterKey ?? OpenTurnRow.NoWriter : null;
            SetOpenTurn(batch.ShareKey, turn.Key, turn.Cursor, writer);
        }

        if (batch is { WriterKey: { } acked, AckedSeq: { } seq }) SetWatermark(acked, seq);
    }

    private OpRecord? RecordOf(long shareKey, string opId) =>
        OpsOf(shareKey).Where(op => op.OpId == opId).Select(ToRecord).FirstOrDefault()
        ?? state.Notes.Where(note => note.ShareKey == shareKey && note.OpId == opId)
            .OrderBy(note => note.Code is null).Select(ToRecord).LastOrDefault();

    public ValueTask<IReadOnlyList<OpRecord>> ReadWriterRecordsAsync(long writerKey, long fromSeq, int count) =>
    new([
        .. state.Ops.Where(op => op.WriterKey == writerKey).Select(op => (op.Seq, Record: ToRecord(op)))
            .Concat(state.Notes.Where(note => note.WriterKey == writerKey).Select(note =>
                (note.Seq, Record: ToRecord(note))))
            .Where(entry => entry.Seq >= fromSeq && entry.Seq < fromSeq + count)
            .OrderBy(entry => entry.Seq).Select(entry => entry.Record),
    ]);

    public ValueTask<long> InsertWriterAsync(long shareKey, string writerId, long refKey)
    {
        var row = new WriterRow(state.Writers.Count + 1, writerId, refKey, 0);
        state = state with { Writers = state.Writers.Add((shareKey, row)) };
        return new(row.Key);
    }

    private void SetWatermark(long writerKey, long ackedSeq)
    {
        int index = state.Writers.FindIndex(writer => writer.Row.Key == writerKey);
        (long share, WriterRow row) = state.Writers[index];
        state = state with { Writers = state.Writers.SetItem(index, (share, row with { AckedSeq = ackedSeq })) };
    }

    public ValueTask<long> InsertShareAsync(string shareId, long creatorKey, string? label, long createdMs)
    {
        var row = new ShareRow(state.Shares.Count + 1, shareId, 0, creatorKey, label, ShareState.Active, 0, createdMs,
            0, 0);
        state = state with { Shares = state.Shares.Add(row) };
        return new(row.Key);
    }

    public void SetOwner(long shareKey, long ownerRefKey) =>
        ChangeShare(shareKey, share => share with { OwnerRefKey = ownerRefKey });

    public void SetShareState(long shareKey, ShareState value) =>
        ChangeShare(shareKey, share => share with { State = value });

    public void SetShareKept(long shareKey, long keptMs) =>
        ChangeShare(shareKey, share => share with { KeptMs = keptMs });

    public void SetShareLabel(long shareKey, string label) =>
        ChangeShare(shareKey, share => share with { Label = label });

    public void SetFolded(long shareKey, long folded) => ChangeShare(shareKey, share => share with { Folded = folded });

    public ValueTask<bool> EraseShareAsync(long shareKey, int rows, long bytes)
    {
        if (OpsOf(shareKey).Take(rows).ToList() is { Count: > 0 } ops)
        {
            state = state with { Ops = state.Ops.RemoveRange(ops) };
            return new(false);
        }

        state = state with { OpenTurns = state.OpenTurns.RemoveAll(turn => turn.ShareKey == shareKey) };
        if (state.Docs.Where(entry => entry.ShareKey == shareKey).Take(rows).ToList() is { Count: > 0 } docs)
        {
            state = state with { Docs = state.Docs.RemoveRange(docs) };
        }
        else if (state.Notes.Where(note => note.ShareKey == shareKey).Take(rows).ToList() is { Count: > 0 } notes)
        {
            state = state with { Notes = state.Notes.RemoveRange(notes) };
        }
        else
        {
            ChangeShare(shareKey, share => share with { Label = null });
            ChangeRef(state.Shares.Find(share => share.Key == shareKey)!.OwnerRefKey, row => row with { Label = null });
            return new(true);
        }

        return new(false);
    }

    public void SetErased(long shareKey) => state = state with { Erased = state.Erased.Add(shareKey) };

    public ValueTask<long> InsertRefAsync(RefRow row)
    {
        long key = state.Refs.Count + state.GoneRefs.Count + 1;
        state = state with { Refs = state.Refs.Add(row with { Key = key }) };
        return new(key);
    }

    public void SetRevoked(long refKey, long epoch, long revokedMs) =>
        ChangeRef(refKey, row => row with { Epoch = epoch, RevokedMs = revokedMs });

    public void SetSuspended(long refKey, long? suspendedMs) =>
        ChangeRef(refKey, row => row with { SuspendedMs = suspendedMs });

    public void Rotate(RefRow row, long epoch, byte[] verifier, string? passphrase)
    {
        state = state with { FormerSecrets = state.FormerSecrets.Add((row.Key, row.Epoch, row.Verifier)) };
        ChangeRef(row.Key, now => now with { Epoch = epoch, Verifier = verifier, Passphrase = passphrase });
    }

    public ValueTask<IReadOnlyList<long>> EndGrantsAsync(long linkKey, long nowMs)
    {
        List<long> live = [.. state.Refs.Where(
            row => row.ParentKey == linkKey && row.GrantEndsMs > nowMs && row.RevokedMs is null)
            .Select(row => row.Key)];
        foreach (long key in live) ChangeRef(key, row => row with { Epoch = row.Epoch + 1, RevokedMs = nowMs });
        return new(live);
    }

    public ValueTask<bool> DeleteGrantsAsync(long endedBeforeMs, int rows)
    {
        bool IsEnded(RefRow row) => row.IsGrant && (row.GrantEndsMs <= endedBeforeMs || row.RevokedMs <= endedBeforeMs);
        List<RefRow> gone = [.. state.Refs.Where(row => ChainOf(row.Key).Any(IsEnded))];
        state = state with
        {
            Refs = state.Refs.RemoveRange(gone), GoneRefs = state.GoneRefs.AddRange(gone),
            Quotas = state.Quotas.RemoveAll(quota => gone.Exists(row => row.Key == quota.RefKey)),
        };
        return new(gone.Count == 0);
    }

    public void Adopt(RefRow row) => ChangeRef(row.Key, known => known with
    {
        ParentKey = row.ParentKey, ParentEpoch = row.ParentEpoch, RetiredMs = row.RetiredMs, Caveats = row.Caveats,
        SuspendedMs = row.SuspendedMs,
    });

    public void SetLastRedeemed(long refKey, long ms) => ChangeRef(refKey, row => row with { LastRedeemedMs = ms });

    public void CountUse(long refKey, long nowMs) =>
        ChangeRef(refKey, row => row with { Uses = row.Uses + 1, UsedMs = row.UsedMs ?? nowMs });

    public void AddQuota(long refKey, long day, DayUse more)
    {
        DayUse before = QuotaOf(refKey, day);
        var use = new DayUse(
            before.Ops + more.Ops, before.Bytes + more.Bytes, before.Rejections + more.Rejections,
            before.Duplicates + more.Duplicates);
        state = state with
        {
            Quotas = state.Quotas.RemoveAll(quota => quota.RefKey == refKey
                && (day == ShareRoom.Total ? quota.Day == day : quota.Day <= day))
                .Add((refKey, day, use)),
        };
    }

    public void WriteDocs(long shareKey, IReadOnlyList<FoldedDoc> docs)
    {
        foreach (FoldedDoc doc in docs)
        {
            state = state with
            {
                Docs = state.Docs.RemoveAll(entry =>
                    (entry.ShareKey, entry.Doc.Kind, entry.Doc.Key) == (shareKey, doc.Kind, doc.Key)),
            };
            if (!doc.IsRemoved) state = state with { Docs = state.Docs.Add((shareKey, doc)) };
        }
    }

    public ValueTask<long> DropDataAsync(long shareKey, long from, long to)
    {
        List<OpRow> superseded =
        [
            .. OpsOf(shareKey).Where(op => op.Cursor >= from && op.Cursor <= to && op.Data is not null)
                .Where(op => DocOf(shareKey, op.Kind, op.Key)?.Cursor != op.Cursor),
        ];
        foreach (OpRow op in superseded) state = state with { Ops = state.Ops.Replace(op, op with { Data = null }) };
        return new(superseded.Select(op => op.Cursor).DefaultIfEmpty().Max());
    }

    public void SetCompacted(long shareKey, long scanned, long compacted) =>
        ChangeShare(shareKey, share => share with { Scanned = scanned, Compacted = compacted });

    public void SetOpenTurn(long shareKey, string key, long cursor, long? writerKey)
    {
        state = state with { OpenTurns =
            state.OpenTurns.RemoveAll(turn => turn.ShareKey == shareKey && turn.Key == key) };
        if (writerKey is { } writer)
            state = state with { OpenTurns = state.OpenTurns.Add((shareKey, key, cursor, writer)) };
    }

    public void Probe()
    {
    }

    public void InsertAudit(AuditRow row) => state = state with { Audit = state.Audit.Add(row) };

    public void InsertSeal(AuditSeal seal) => state = state with { Seals = state.Seals.Add(seal) };

    public void RemoveSegment(AuditSeal oldest) =>
        state = state with { Seals = state.Seals.RemoveAt(0), Removed = oldest.Last };

    public void InsertSessionShare(SessionShareRow row) =>
        state = state with { SessionShares = state.SessionShares.Add(row) };

    public void InsertSessionRef(long shareKey, long refKey) =>
        state = state with { SessionRefs = state.SessionRefs.Add((shareKey, refKey)) };

    public void InsertOpenCreator(long refKey) => state = state with { OpenCreators = state.OpenCreators.Add(refKey) };

    private void ChangeRef(long refKey, Func<RefRow, RefRow> change)
    {
        int index = state.Refs.FindIndex(row => row.Key == refKey);
        state = state with { Refs = state.Refs.SetItem(index, change(state.Refs[index])) };
    }

    private void ChangeShare(long shareKey, Func<ShareRow, ShareRow> change)
    {
        int index = state.Shares.FindIndex(share => share.Key == shareKey);
        state = state with { Shares = state.Shares.SetItem(index, change(state.Shares[index])) };
    }

    private static OpRecord ToRecord(OpRow op) => new(op.OpId, op.Digest, op.Cursor, Applied: true, Code: null);

    private static OpRecord ToRecord(ModelState.Note note) =>
        new(note.OpId, note.Digest, note.Cursor, Applied: false, note.Code);
}
