using System.Globalization;
using System.Text.Json;
using ShareRpc.Client;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Harness;

/// <summary>
/// A writer process. It carries out its plan up to the step it is told on standard input, and ends when it is told
/// <c>end</c> and its outbox is empty. Where it is stands in the outbox itself, as a bookmark stored with the ops of
/// each step, so that it can be killed anywhere and goes on.
/// </summary>
internal sealed class WriterWorker(WorkerArguments arguments)
{
    private readonly int seed = arguments.Number("--seed", 0);
    private readonly int ops = arguments.Number("--ops", 0);
    private readonly string name = arguments["--name"];
    private readonly string shareName = arguments["--share"];
    private readonly string directory = arguments["--dir"];

    public static async Task<int> RunAsync(WorkerArguments arguments)
    {
        await new WriterWorker(arguments).WriteAsync();
        return 0;
    }

    private async Task WriteAsync()
    {
        IReadOnlyList<PlannedStep> plan = Plan.Of(seed, shareName, name, ops);
        await using ShareClient client = await OpenAsync();
        ShareWriter share = client.FindShare(shareName) ?? await GetShareAsync(client);
        await PublishLinksAsync(share);
        int next = await PositionAsync(share, name);
        Console.WriteLine($"ready {next}");
        while (await Console.In.ReadLineAsync() is { } line && line != "end")
        {
            int target = Math.Min(int.Parse(line, CultureInfo.InvariantCulture), plan.Count);
            for (; next < target; next++)
            {
                PlannedStep step = plan[next];
                var bookmark = new Bookmark($"step:{name}", (next + 1).ToString(CultureInfo.InvariantCulture));
                await share.EnqueueAsync(
                    [.. step.Ops.Select(op => op.Op)],
                    new EnqueueOptions { Atomic = step.Atomic, Bookmark = bookmark });
                Console.WriteLine($"at {next + 1}"); // the enqueue has returned: whoever reads this may count on it
            }
        }

        await client.FlushAsync();
        Console.WriteLine($"done {JsonSerializer.Serialize(await EndAsync(share))}");
    }

    private async Task<ShareClient> OpenAsync()
    {
        var server = new Uri(arguments["--server"]);
        string credentials = Path.Combine(directory, "credentials.json");
        string? creator = null;
        if (arguments.Has("--creates"))
        {
            string text = (await File.ReadAllTextAsync(arguments["--token-file"])).Trim();
            if (!ShareToken.TryParse(text, out ShareToken? token))
                throw new InvalidDataException("--token-file holds no token");
            new CredentialStore(credentials).Add(token, server, shareId: null, "creator");
            creator = token.CapId;
        }

        return await ShareClient.OpenAsync(new ShareClientOptions
        {
            Server = server, OutboxPath = Path.Combine(directory, "outbox.db"), CredentialsPath = credentials,
            CreatorCapId = creator,
            FirstRetry = TimeSpan.FromMilliseconds(20), MaxRetry = TimeSpan.FromMilliseconds(300),
            LeaseTime = TimeSpan.FromSeconds(1), PollInterval = TimeSpan.FromMilliseconds(50),
        });
    }

    private async Task<ShareWriter> GetShareAsync(ShareClient client)
    {
        if (arguments.Has("--creates")) return await client.CreateShareAsync(shareName, shareName);
        return await client.JoinShareAsync(shareName, await LinkFile.ReadAsync(PathOf("append")));
    }

    private async Task PublishLinksAsync(ShareWriter share)
    {
        if (!arguments.Has("--creates") || File.Exists(PathOf("append"))) return;
        LinkFile.Write(PathOf("read"), share.ViewerLink!);
        LinkFile.Write(PathOf("append"), await share.InviteAsync(Rights.Read | Rights.Append, "second writer"));
    }

    private string PathOf(string what) => Path.Combine(arguments["--links"], $"{shareName}.{what}");

    private static async Task<int> PositionAsync(ShareWriter share, string plan) =>
        int.Parse(await share.ReadBookmarkAsync($"step:{plan}") ?? "0", CultureInfo.InvariantCulture);

    private async Task<OutboxEnd> EndAsync(ShareWriter share)
    {
        // A copied outbox carries what its original had enqueued, too.
        long enqueued = 0;
        string[] plans = arguments.Has("--copy-of") ? [name, arguments["--copy-of"]] : [name];
        foreach (string plan in plans)
        {
            int done = await PositionAsync(share, plan);
            enqueued += Plan.Of(seed, shareName, plan, ops).Take(done).Sum(step => step.Ops.Count);
        }

        IReadOnlyList<FailedOp> failed = await share.ListFailedAsync(int.MaxValue);
        WriterStatus status = share.Status;
        return new OutboxEnd(enqueued, status.Applied, status.Duplicates,
            failed.ToDictionary(op => op.OpId, op => op.Code));
    }
}
