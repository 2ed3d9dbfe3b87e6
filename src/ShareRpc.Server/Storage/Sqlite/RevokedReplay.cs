using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>
/// Applies entries of <see cref="RevokedLog"/> that a database does not have: it is older than the log, or a crash came
/// between the two. Ids that it does not know are taken for ever.
/// </summary>
internal sealed class RevokedReplay(Statements statements, SqliteWriteTransaction transaction, long nowMs)
{
    public async Task ApplyAsync(IEnumerable<RevokedEntry> entries)
    {
        foreach (RevokedEntry entry in entries)
        {
            if (entry.ShareId is { } shareId) await ApplyToShareAsync(entry, shareId);
            else if (entry.CapId is { } capId) await ApplyToRefAsync(entry, capId);
            statements.Execute(StoreSettings.Set, StoreSettings.Revoked, entry.Number);
        }
    }

    private async Task ApplyToShareAsync(RevokedEntry entry, string shareId)
    {
        long key = statements.ReadNumber("SELECT share_key FROM share WHERE share_id = ?1", shareId);
        if (key == 0)
        {
            if (entry.CapId is { } owner) Reserve(owner);
            return;
        }

        ShareState state = entry.Action == RevokedEntry.Delete ? ShareState.Deleted : ShareState.Ended;
        if (statements.ReadNumber("SELECT state FROM share WHERE share_key = ?1", key) >= (long)state) return;
        transaction.SetShareState(key, state);
        if (state == ShareState.Deleted)
            await ShareRoom.ReleaseAsync(transaction, (await transaction.FindShareAsync(key))!.OwnerRefKey);
        transaction.InsertAudit(new AuditRow(
            nowMs, state == ShareState.Deleted ? "delete_share" : "end_share", null, key, null));
    }

    private async Task ApplyToRefAsync(RevokedEntry entry, string capId)
    {
        if (await transaction.FindRefAsync(capId) is not { } row)
        {
            Reserve(capId);
            return;
        }

        switch (entry.Action)
        {
            case RevokedEntry.Revoke when row.RevokedMs is null:
                transaction.SetRevoked(row.Key, Math.Max(row.Epoch + 1, entry.Epoch ?? 0), entry.TimeMs ?? nowMs);
                break;
            case RevokedEntry.Suspend:
                transaction.SetSuspended(row.Key, entry.TimeMs ?? nowMs);
                await transaction.EndGrantsAsync(row.Key, nowMs);
                break;
            case RevokedEntry.Resume:
                transaction.SetSuspended(row.Key, null);
                break;
            case RevokedEntry.Rotate when row.Epoch < entry.Epoch:
                transaction.Rotate(row, entry.Epoch.Value, entry.Verifier!, entry.Passphrase);
                break;
            case RevokedEntry.Adopt:
                await AdoptAsync(entry, row);
                break;
            default:
                return;
        }

        transaction.InsertAudit(new AuditRow(nowMs, entry.Action, null, row.ShareKey, row.Key));
    }

    private async Task AdoptAsync(RevokedEntry entry, RefRow row)
    {
        RefRow root = (await transaction.ReadChainAsync(row.Key))[^1];
        await ShareRoom.ReleaseAsync(transaction, row.Key);
        transaction.Adopt(row with
        {
            ParentKey = root.Key, ParentEpoch = root.Epoch, RetiredMs = entry.TimeMs ?? nowMs,
            Caveats = entry.Caveats ?? row.Caveats, SuspendedMs = entry.SuspendedMs,
        });
        await transaction.EndGrantsAsync(row.Key, nowMs);
    }

    /// <summary>Keeps an id from being made again by a client that still holds its intent.</summary>
    private void Reserve(string capId) => statements.Execute(
        """
        INSERT INTO gone_ref (ref_key, cap_id, parent_key)
        SELECT MIN(0, COALESCE(MIN(ref_key), 0)) - 1, ?1, 0 FROM gone_ref WHERE true ON CONFLICT (cap_id) DO NOTHING
        """,
        capId);
}
