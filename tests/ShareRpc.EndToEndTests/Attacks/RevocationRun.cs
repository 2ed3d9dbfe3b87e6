using System.Text.Json;

namespace ShareRpc.EndToEndTests.Attacks;

/// <summary>
/// Many revocations, one after the other, under load: of guests that read and append all the time. Behind each
/// revocation the owner sends, on the same connection, an op of its own: what comes after that op in the log, or holds
/// it, came after the revocation.
/// </summary>
internal static class RevocationRun
{
    private const int StepsOfProgress = 50;

    public static async Task<RevocationFigures> RunAsync(
        int revocations, int readers, TextWriter progress, CancellationToken cancellationToken)
    {
        await using MeasuredServer server = await MeasuredServer.StartAsync(cancellationToken);
        using RawConnection owner = await RawConnection.OpenAsync(server.Address, cancellationToken);
        long handle = await owner.RedeemAsync("redeemShare", "share", server.Owner.Reveal(), cancellationToken);
        var guests = new Queue<RevocationGuest>();
        for (int i = 0; i < readers; i++)
            guests.Enqueue(await RevocationGuest.InviteAsync(server, owner, handle, cancellationToken));

        var lastOp = new List<TimeSpan>();
        var ended = new List<TimeSpan>();
        var markers = new Dictionary<string, long>(StringComparer.Ordinal);
        int pagesAfter = 0;
        int otherEnds = 0;
        for (int i = 0; i < revocations; i++)
        {
            using RevocationGuest guest = guests.Dequeue();
            Task<JsonElement> revoking =
                owner.CallAsync(handle, "revokeCapability", $$"""{"cap_id":"{{guest.Token.CapId}}"}""",
                cancellationToken);
            Task<JsonElement> marking = owner.CallAsync(handle, "appendOps", $$"""
                {"batch_id":"m","ops":[{"op_id":"marker-{{i}}","verb":"put","kind":"marker","key":"m","data":{} }]}
                """, cancellationToken);
            JsonElement revoked = await revoking;
            long answered = TimeProvider.System.GetTimestamp();
            if (!revoked.TryGetProperty("result", out _)) throw new InvalidOperationException(revoked.GetRawText());
            long marker =
                (await marking).GetProperty("result").GetProperty("applied")[0].GetProperty("cursor").GetInt64();
            string end = await guest.Reading;
            await guest.Writing;
            if (end is not ("capability_revoked" or "closed")) otherEnds++;
            if (guest.LastCursor >= marker) pagesAfter++;
            lastOp.Add(Since(answered, guest.LastArrival));
            ended.Add(Since(answered, guest.EndedAt));
            markers.Add(guest.Token.CapId, marker);
            guests.Enqueue(await RevocationGuest.InviteAsync(server, owner, handle, cancellationToken));
            if ((i + 1) % StepsOfProgress == 0) await progress.WriteLineAsync($"{i + 1} of {revocations} revocations");
        }

        foreach (RevocationGuest guest in guests) guest.Dispose();
        (long ops, int appendsAfter) = await ScanAsync(owner, handle, markers, cancellationToken);
        return new RevocationFigures(
            revocations, readers, ops, appendsAfter, pagesAfter, otherEnds, Percentiles.Of(lastOp),
            Percentiles.Of(ended));
    }

    private static TimeSpan Since(long answered, long at) =>
        at > answered ? TimeProvider.System.GetElapsedTime(answered, at) : TimeSpan.Zero;

    /// <summary>The whole log: ops of a revoked guest behind its marker.</summary>
    private static async Task<(long Ops, int After)> ScanAsync(
        RawConnection owner, long handle, Dictionary<string, long> markers, CancellationToken cancellationToken)
    {
        long cursor = 0;
        int after = 0;
        while (true)
        {
            JsonElement page = (await owner.CallAsync(handle, "readOps", $$"""{"after":{{cursor}}}""",
                cancellationToken)).GetProperty("result");
            foreach (JsonElement op in page.GetProperty("ops").EnumerateArray())
            {
                bool isRevoked = markers.TryGetValue(op.GetProperty("actor").GetString()!, out long marker);
                if (isRevoked && op.GetProperty("cursor").GetInt64() > marker) after++;
            }

            if (page.GetProperty("ops").GetArrayLength() == 0) return (cursor, after);
            cursor = page.GetProperty("cursor").GetInt64();
        }
    }
}
