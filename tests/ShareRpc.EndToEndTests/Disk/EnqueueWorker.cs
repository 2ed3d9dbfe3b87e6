using System.Globalization;
using ShareRpc.Client;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Writing;
using ShareRpc.EndToEndTests.Harness;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Disk;

/// <summary>
/// A client that is offline: makes a share and enqueues until it is killed. Says of each thing that has returned what
/// it was, and how long the journal of its disk was by then.
/// </summary>
internal static class EnqueueWorker
{
    public static readonly Uri Server = new("http://127.0.0.1:9");

    public static async Task RunAsync(WorkerArguments arguments)
    {
        string directory = arguments["--dir"];
        ShareToken creator = ShareToken.New(RandomId.New());
        new CredentialStore(Path.Combine(directory, "credentials.json")).Add(creator, Server, shareId: null, "creator");
        Say("creator", creator.CapId);
        ShareClientOptions options = OptionsOf(directory) with { CreatorCapId = creator.CapId };
        await using ShareClient client = await ShareClient.OpenAsync(options, send: false);
        ShareWriter share = await client.CreateShareAsync("k", null);
        Say("share", share.ShareId);
        for (int i = 1; ; i++)
        {
            string id = $"op{i.ToString(CultureInfo.InvariantCulture)}";
            string text = new((char)('a' + (i % 26)), 40 + (i * 7 % 600));
            var op = new OpIntent
            {
                OpId = id, Verb = Verbs.Put, Kind = Kinds.Part, Key = "p",
                Data = RawJson.Parse($$"""{"text":"{{text}}"}"""),
            };
            await share.EnqueueAsync([op]);
            Say("op", id);
        }
    }

    public static ShareClientOptions OptionsOf(string directory) => new()
    {
        Server = Server, OutboxPath = Path.Combine(directory, "outbox.db"),
        CredentialsPath = Path.Combine(directory, "credentials.json"),
    };

    private static void Say(string what, string id)
    {
        long length = new FileInfo(Environment.GetEnvironmentVariable("DISKSHIM_JOURNAL")!).Length;
        Console.WriteLine($"{what} {id} {length.ToString(CultureInfo.InvariantCulture)}");
    }
}
