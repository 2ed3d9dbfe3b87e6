using System.Diagnostics;
using System.Globalization;
using ShareRpc.EndToEndTests.Attacks;
using ShareRpc.EndToEndTests.Harness;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Cluster;

/// <summary>
/// Revokes somebody every 100 ms, on any node, who reads and appends on two nodes meanwhile. Once the revocation is
/// answered, the head of the log is read from the database: whatever is behind it came later.
/// </summary>
internal sealed class RevocationStorm(ClusterServers servers, string rootTokenPath, int seed) : IAsyncDisposable
{
    private const int AtOnce = 6;
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(100);
    private readonly Dice dice = new(seed ^ 0x5bd1);
    private readonly CancellationTokenSource stopping = new();
    private readonly SemaphoreSlim places = new(AtOnce);
    private readonly Lock gate = new();
    private readonly List<Finding> findings = [];
    private readonly List<TimeSpan> answers = [];
    private readonly List<RevokedGuest> revoked = [];
    private Task running = Task.CompletedTask;
    private ShareToken root = null!;
    private StormShare share = null!;

    /// <summary>How many were revoked, and how long the answers took.</summary>
    public string Figures
    {
        get
        {
            lock (gate)
            {
                Percentiles took = Percentiles.Of(answers);
                return string.Create(CultureInfo.InvariantCulture,
                    $"revocations {revoked.Count}, answered after {took.P50:F0} ms, p99 {took.P99:F0} ms")
                    + string.Create(CultureInfo.InvariantCulture, $", longest {took.Max:F0} ms");
            }
        }
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        string text = (await File.ReadAllTextAsync(rootTokenPath, cancellationToken)).Trim();
        root = ShareToken.TryParse(text, out ShareToken? token) ? token : throw new InvalidDataException("root.token");
        share = await StormShare.CreateAsync(servers, root, cancellationToken);
        running = RunAsync();
    }

    public async Task StopAsync()
    {
        await stopping.CancelAsync();
        await running;
    }

    /// <summary>Reads the logs, now that nothing is under way.</summary>
    public async Task<IReadOnlyList<Finding>> JudgeAsync(CancellationToken cancellationToken)
    {
        Dictionary<string, long> marks =
            revoked.Where(guest => guest.Share == share).ToDictionary(guest => guest.Actor, guest => guest.Mark);
        await foreach ((string actor, long cursor) in share.ReadLogAsync(cancellationToken))
        {
            if (marks.TryGetValue(actor, out long mark) && cursor > mark)
                Find($"{actor} appended {cursor}, and was revoked before {mark}");
        }

        // Those of revoked creators: nobody else could append there.
        foreach (RevokedGuest guest in revoked.Where(guest => guest.Share != share))
        {
            long head = await guest.Share.HeadAsync(cancellationToken);
            if (head > guest.Mark)
                Find($"{guest.Actor} appended {head}; its creator was revoked before {guest.Mark}");
        }

        return findings;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        stopping.Dispose();
        places.Dispose();
    }

    private async Task RunAsync()
    {
        var under = new List<Task>();
        for (int i = 0; !stopping.IsCancellationRequested; i++)
        {
            await Until.PassedAsync(Every, stopping.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!await places.WaitAsync(TimeSpan.Zero)) continue;
            int kind = dice.Next(0, 3);
            int life = dice.Next(50, 400);
            under.RemoveAll(task => task.IsCompletedSuccessfully);
            under.Add(OneAsync(kind, life));
        }

        await Task.WhenAll(under);
    }

    /// <summary>A guest, one of a guest, or a creator with its own share: invited, at work, and revoked.</summary>
    private async Task OneAsync(int kind, int lifeMs)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            ShareToken above = ShareToken.New(RandomId.New());
            StormShare where = share;
            ShareToken actor = above;
            if (kind == 2)
            {
                await servers.CallAsync(root, isRoot: true, "attenuate", $$"""
                    {"cap_id":"{{above.CapId}}","token_digest":"{{above.Digest}}",
                     "rights":["create","read","append","attenuate","revoke","end"]}
                    """, deadline.Token);
                where = await StormShare.CreateAsync(servers, above, deadline.Token);
                actor = where.Owner;
            }
            else
            {
                await InviteAsync(share.Owner, above, deadline.Token);
                if (kind == 1) await InviteAsync(above, actor = ShareToken.New(RandomId.New()), deadline.Token);
            }

            using var guest = new StormGuest(servers, actor, deadline.Token);
            await Until.PassedAsync(TimeSpan.FromMilliseconds(lifeMs), deadline.Token);
            long begun = Stopwatch.GetTimestamp();
            await servers.CallAsync(kind == 2 ? root : share.Owner, kind == 2, "revokeCapability",
                $$"""{"cap_id":"{{above.CapId}}"}""", deadline.Token);
            TimeSpan took = Stopwatch.GetElapsedTime(begun);
            long mark = await where.HeadAsync(deadline.Token);
            await guest.EndAsync();
            lock (gate)
            {
                answers.Add(took);
                revoked.Add(new RevokedGuest(where, actor.CapId, mark));
            }

            if (guest.LastCursor > mark)
                Find($"a page with {guest.LastCursor} came to {actor.CapId}, which was revoked before {mark}");
        }
        catch (Exception exception) when (exception is OperationCanceledException or InvalidOperationException)
        {
            Find($"a revocation was not answered: {exception.Message}");
        }
        finally
        {
            places.Release();
        }
    }

    private async Task InviteAsync(ShareToken by, ShareToken guest, CancellationToken cancellationToken) =>
        await servers.CallAsync(by, isRoot: false, "attenuate", $$"""
            {"cap_id":"{{guest.CapId}}","token_digest":"{{guest.Digest}}","rights":["read","append","attenuate"]}
            """, cancellationToken);

    private void Find(string detail)
    {
        lock (gate) findings.Add(new Finding(Property.NothingAfterRevocation, detail));
    }

    /// <param name="Share">Where it was at work.</param>
    /// <param name="Actor">Under what name.</param>
    /// <param name="Mark">Nothing of it may stand behind this cursor.</param>
    private sealed record RevokedGuest(StormShare Share, string Actor, long Mark);
}
