using System.Globalization;
using Microsoft.Data.Sqlite;
using ShareRpc.Client;
using ShareRpc.Client.Credentials;
using Xunit.Abstractions;

namespace ShareRpc.EndToEndTests.Disk;

/// <summary>The power goes while a client enqueues; see <see cref="PowerLossTests"/>.</summary>
[Trait("Suite", "Deep")]
public sealed class ClientPowerLossTests(ITestOutputHelper output) : IDisposable
{
    private const int Ops = 300;
    private const int Losses = 60;
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sharerpc-power-");
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [GccFact]
    public async Task Invariant_I3_everything_enqueued_is_there_after_the_power_went_tokens_too()
    {
        (IReadOnlyList<Returned> returned, IReadOnlyList<DiskRecord> journal) = await LiveAsync(syncs: true);
        IReadOnlyList<string> lost = await LoseAsync(returned, journal);
        Assert.True(lost.Count == 0, string.Join('\n', lost));
    }

    [GccFact]
    public async Task Without_syncs_enqueued_ops_are_lost_and_the_test_sees_it()
    {
        (IReadOnlyList<Returned> returned, IReadOnlyList<DiskRecord> journal) = await LiveAsync(syncs: false);
        Assert.NotEmpty(await LoseAsync(returned, journal));
    }

    public void Dispose() => directory.Delete(recursive: true);

    private async Task<(IReadOnlyList<Returned> Returned, IReadOnlyList<DiskRecord> Journal)> LiveAsync(bool syncs)
    {
        DiskShim shim = await DiskShim.OpenAsync(directory.FullName);
        string[] arguments = ["enqueue", "--dir", Path.Combine(shim.Root, "state")];
        await using Tool client = Tool.StartProgram(
            "ShareRpc.EndToEndTests.dll", await shim.EnvironmentAsync(journals: true, syncs), arguments);
        await Until.TrueAsync(() => client.Lines.Count >= Ops || client.HasExited, timeout);
        client.Kill();
        await client.WaitForExitAsync(timeout);
        Assert.True(client.Lines.Count >= Ops, client.Errors);
        return ([.. client.Lines.Select(Returned.Parse).OfType<Returned>()], DiskJournal.Read(shim.JournalPath));
    }

    private async Task<IReadOnlyList<string>> LoseAsync(IReadOnlyList<Returned> returned,
        IReadOnlyList<DiskRecord> journal)
    {
        var lost = new List<string>();
        for (int seed = 1; seed <= Losses; seed++)
        {
            var dice = new Dice(seed);
            long at = journal[dice.Next(0, seed % 4 == 0 ? Math.Min(150, journal.Count) : journal.Count)].End;
            string rebuilt = Path.Combine(directory.FullName, $"after-{seed.ToString(CultureInfo.InvariantCulture)}");
            PowerLoss.Rebuild(journal, at, seed, rebuilt);
            lost.AddRange((await MissingAsync(Path.Combine(rebuilt, "state"),
                [.. returned.Where(thing => thing.JournalLength <= at)]))
                .Select(what => $"seed {seed}: {what}"));
        }

        output.WriteLine($"{returned.Count} returned, {journal.Count} records, {Losses} losses, {lost.Count} lost");
        return lost;
    }

    private async Task<IReadOnlyList<string>> MissingAsync(string state, IReadOnlyList<Returned> returned)
    {
        if (returned.Count == 0) return [];
        try
        {
            ShareClientOptions options = EnqueueWorker.OptionsOf(state);
            await using ShareClient client =
                await ShareClient.OpenAsync(options, send: false, cancellationToken: timeout);
            var credentials = new CredentialStore(options.CredentialsPath);
            HashSet<string> ops = OpsOf(options.OutboxPath);
            return [.. returned.Where(thing => !IsThere(thing)).Select(thing => $"{thing.What} {thing.Id}")];

            bool IsThere(Returned thing) => thing.What switch
            {
                "creator" => credentials.FindToken(thing.Id) is not null,
                "share" => client.FindShare("k") is { OwnerLink: not null, ViewerLink: not null } share
                    && share.ShareId == thing.Id,
                _ => ops.Contains(thing.Id),
            };
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return [exception.Message];
        }
    }

    private static HashSet<string> OpsOf(string outbox)
    {
        using var connection = new SqliteConnection($"Data Source={outbox};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT op_id FROM op";
        using SqliteDataReader row = command.ExecuteReader();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        while (row.Read()) ids.Add(row.GetString(0));
        return ids;
    }

    /// <summary>A call of the client that has returned; null for a line that was cut short.</summary>
    private sealed record Returned(string What, string Id, long JournalLength)
    {
        public static Returned? Parse(string line) =>
            line.Split(' ') is [var what, var id, var length]
                && long.TryParse(length, CultureInfo.InvariantCulture, out long at)
                ? new Returned(what, id, at)
                : null;
    }
}
