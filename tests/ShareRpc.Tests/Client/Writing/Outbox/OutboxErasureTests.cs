using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Client.Writing.Outbox;

public sealed class OutboxErasureTests : ClientTest
{
    private const string Canary = "canary-9b1f";

    [Fact]
    public async Task What_was_acknowledged_is_in_no_file_once_nothing_is_left_to_send()
    {
        Options = Options with { IdleTime = TimeSpan.FromMilliseconds(10) };
        (_, ShareLink link) = AddShare();
        Server.IsDown = true;
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        foreach (int size in new[] { 1, 50, 3_000 })
        {
            string text = string.Concat(Enumerable.Repeat(Canary, size));
            await writer.EnqueueAsync(Puts(40, $"s{size}-", $$"""{"text":"{{text}}"}"""), null, Timeout);
        }

        Assert.NotEmpty(FileBytes.FilesWith(Files.Path, Canary));
        Server.IsDown = false;
        await client.FlushAsync(Timeout);
        while (FileBytes.FilesWith(Files.Path, Canary).Count > 0)
        {
            Timeout.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
