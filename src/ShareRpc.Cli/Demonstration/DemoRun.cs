using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using ShareRpc.Cli.State;
using ShareRpc.Cli.Terminal;
using ShareRpc.Cli.Watching;
using ShareRpc.Client;
using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Hosting;
using Spectre.Console;

namespace ShareRpc.Cli.Demonstration;

/// <summary>
/// Runs the main scenario in one process with real server, outbox and links, and a scripted agent. Checks every
/// result.
/// </summary>
internal sealed class DemoRun : IAsyncDisposable
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(40);

    private static readonly TimeSpan RevocationTime = TimeSpan.FromSeconds(1);

    private readonly CommandContext context;
    private readonly Output output;
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("sharerpc-demo-");
    private readonly SampleSession agent = SampleSession.Read();
    private int step;

    public DemoRun(CommandContext context)
    {
        this.context = context with { State = new ClientState(Path.Combine(folder.FullName, "client")) };
        output = context.Output;
    }

    public async Task RunAsync(CancellationToken stop)
    {
        var options = new ServerOptions
        {
            DataDirectory = Path.Combine(folder.FullName, "server"), Urls = "http://127.0.0.1:0",
            LogLevel = LogLevel.Warning,
        };
        ShareRpcServer server =
            await ShareRpcServer.StartAsync(options, TimeProvider.System, stop).ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            Step("server", $"A server is running on {server.Address} with its data in a temporary folder.");
            if (!ShareRpcServer.HasPages)
            {
                output.Say("   The web pages are left out: Node.js 20 or later was not there when this was built. "
                    + "Everything below works "
                    + "without them.");
                output.Emit(new { Event = "left_out", What = "pages", Needs = "Node.js 20 or later" });
            }

            Uri address = server.Address;
            ClientState state = context.State.Ensured();
            string creator =
                new CreatorToken(context, server.RootTokenPath).Require(address);
            ShareClient client = await ShareClient.OpenAsync(state.ClientOptions(address, creator), context.Time,
                cancellationToken: stop)
                .ConfigureAwait(false);
            await using (client.ConfigureAwait(false)) await ShareAsync(client, state, stop).ConfigureAwait(false);
        }

        output.Say("");
        output.Say("Done: a session was shared while it grew, compared field by field, and a link was revoked. Next: "
            + "sharerpc serve, "
            + "then sharerpc share --latest.", new Style(Color.Green));
        output.Emit(new { Event = "done", Ok = true });
    }

    public ValueTask DisposeAsync()
    {
        folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    private async Task ShareAsync(ShareClient client, ClientState state, CancellationToken stop)
    {
        ShareWriter share = await client.CreateShareAsync("demo", "A scripted session", stop).ConfigureAwait(false);
        ShareLink link = share.ViewerLink!;
        Step("share", $"A coding agent has begun a session. Its link is\n  {link.Reveal()}");

        var reader =
            new ShareReader(link, new ShareReaderOptions { InvalidTokenPatience = RevocationTime * 10 }, context.Time);
        await using (reader.ConfigureAwait(false))
        {
            Step("watch", "A reader follows it live while the agent works:");
            await using var live = new LiveReading(reader, new SessionRenderer(output), output);
            await PlayAsync(share, stop).ConfigureAwait(false);
            await share.FlushAsync(stop).ConfigureAwait(false);
            await live.UntilAsync(share.Status.Cursor, stop).ConfigureAwait(false);
            live.EndLine();
            await CheckStateAsync(link, live, share, stop).ConfigureAwait(false);
            await InviteAndRevokeAsync(share, link, stop).ConfigureAwait(false);
        }
    }

    private async Task PlayAsync(ShareWriter share, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Pace, context.Time);
        for (int i = 0; i < agent.Ops.Count; i++)
        {
            await share.EnqueueAsync([agent.Take(i)], cancellationToken: stop).ConfigureAwait(false);
            await timer.WaitForNextTickAsync(stop).ConfigureAwait(false);
        }
    }

    private async Task CheckStateAsync(ShareLink link, LiveReading live, ShareWriter share, CancellationToken stop)
    {
        await using var late = new ShareReader(link, ShareReaderOptions.Default, context.Time);
        ShareSnapshot snapshot = await late.ReadStateAsync(stop).ConfigureAwait(false);
        int messages = snapshot.Documents.Count(document => document.Kind == Kinds.Message);
        int parts = snapshot.Documents.Count(document => document.Kind == Kinds.Part);
        Verify(snapshot.Documents.Count == agent.Documents.Count, "the share has as many documents as the agent wrote");
        Verify(snapshot.Documents.All(one => JsonNode.DeepEquals(
            JsonNode.Parse(one.Data.Utf8.Span), agent.Documents[(one.Kind, one.Key)])),
            "every document is as the agent wrote it");
        Verify(live.Cursor == snapshot.Cursor && live.Cursor == share.Status.Cursor,
            "the live reader and a late one end at the same cursor");
        Step(
            "equal",
            $"{share.Status.Applied} ops later the share holds {messages} messages and {parts} parts, equal to what "
                + "the agent wrote, field by field;\n"
            + $"a reader who followed live and one who comes late are at the same cursor, {live.Cursor}.");
    }

    private async Task InviteAndRevokeAsync(ShareWriter share, ShareLink first, CancellationToken stop)
    {
        ShareLink guest =
            await share.InviteAsync(Rights.Read, "a guest", cancellationToken: stop).ConfigureAwait(false);
        await share.FlushAsync(stop).ConfigureAwait(false);
        await using var reader = new ShareReader(guest, ShareReaderOptions.Default, context.Time);
        await using var watching = new LiveReading(reader, renderer: null, output);
        await watching.UntilAsync(share.Status.Cursor, stop).ConfigureAwait(false);
        Step("invite", $"A guest gets a link of their own and follows the session:\n  {guest.Reveal()}");

        long started = context.Time.GetTimestamp();
        await share.RevokeAsync(guest.Token.CapId, stop).ConfigureAwait(false);
        ErrorCode? ended = await watching.EndAsync(stop).ConfigureAwait(false);
        TimeSpan took = context.Time.GetElapsedTime(started);
        Verify(ended == ErrorCode.CapabilityRevoked, "the guest's running watch ends as revoked");
        Verify(took < RevocationTime, "it ends within a second");
        Verify(await RefusalAsync(guest, stop).ConfigureAwait(false) == ErrorCode.CapabilityRevoked,
            "the guest's link is refused from then on");
        Verify(await RefusalAsync(first, stop).ConfigureAwait(false) is null, "the first link goes on working");
        Step("revoke",
            $"The guest's link is revoked: their connection ended after {took.TotalMilliseconds:0} ms, and the link is "
            + "refused from now on. The other link still works.");
    }

    private async Task<ErrorCode?> RefusalAsync(ShareLink link, CancellationToken stop)
    {
        await using var reader = new ShareReader(link, ShareReaderOptions.Default, context.Time);
        try
        {
            await reader.ReadOpsAsync(0, stop).ConfigureAwait(false);
            return null;
        }
        catch (ShareRpcException refused)
        {
            return refused.Code;
        }
    }

    private void Step(string name, string text)
    {
        output.Say("");
        output.Say($"{++step}. {text}", new Style(Color.Aqua));
        output.Emit(new { Event = "step", Step = name, Text = text });
    }

    private static void Verify(bool holds, string claim)
    {
        if (!holds) throw new CliException(ExitCode.Error, $"The demo failed. Expected: {claim}.");
    }
}
