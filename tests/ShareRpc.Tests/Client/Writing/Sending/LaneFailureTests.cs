using System.Text.Json;
using Microsoft.Extensions.Logging;
using ShareRpc.Client;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Client.Writing.Sending;

/// <summary>What fails unexpectedly in the sending of one share falls alone.</summary>
public class LaneFailureTests : ClientTest
{
    [Fact]
    public async Task An_answer_that_breaks_the_sending_of_one_share_leaves_the_others_and_the_connection_alone()
    {
        (ScriptedShare bad, ShareLink badLink) = AddShare();
        (_, ShareLink goodLink) = AddShare();
        bool isBroken = true;
        Server.AnswerBatch = batch => isBroken && batch.Ops[0].OpId == "bad-1"
            ? new Ack { Cursor = 1, Applied = null!, Duplicates = [], Rejected = [] } : null;
        await using ShareClient client = await OpenAsync();
        ShareWriter badWriter = await client.JoinShareAsync("test:bad", badLink, Timeout);
        ShareWriter goodWriter = await client.JoinShareAsync("test:good", goodLink, Timeout);
        await badWriter.EnqueueAsync(Puts(1, "bad-"), null, Timeout);
        WriterStatus failing = await UntilAsync(badWriter, status => status.Failure is not null);
        for (int i = 0; i < 20; i++)
        {
            await goodWriter.EnqueueAsync(Puts(1, $"good-{i}-"), null, Timeout);
            await goodWriter.FlushAsync(Timeout);
        }

        int connects = Server.Connects;
        isBroken = false;
        await client.FlushAsync(Timeout);
        await UntilAsync(badWriter, status => status.Failure is null);

        Assert.Equal(1, connects);
        Assert.IsNotType<OperationCanceledException>(failing.Failure);
        Assert.Equal((1L, 20L), (badWriter.Status.Acked, goodWriter.Status.Applied));
        Assert.Equal(["bad-1"], LoggedIds(bad));
    }

    [Fact]
    public async Task A_row_that_cannot_be_read_is_logged_and_a_flush_that_gives_up_names_its_share()
    {
        (_, ShareLink badLink) = AddShare();
        (_, ShareLink goodLink) = AddShare();
        var log = new Collected();
        Options = Options with { Logging = new LoggerFactory([log]) };
        await using ShareClient client = await OpenAsync();
        ShareWriter goodWriter = await client.JoinShareAsync("test:good", goodLink, Timeout);
        ShareWriter badWriter = await client.JoinShareAsync("test:bad", badLink, Timeout);
        Query("INSERT INTO op (row_id, op_id, verb, kind, key, depends_on, if_changed) SELECT (share_key << 40) | 1, "
            + "'x', 'put', 'part', 'k', '{', 0 FROM share WHERE external_key = 'test:bad' RETURNING 1",
            row => row.GetInt64(0));
        await goodWriter.EnqueueAsync(Puts(3), null, Timeout);
        await goodWriter.FlushAsync(Timeout);
        await UntilAsync(badWriter, status => status.Failure is not null
            && log.Lines.Any(line => line.Contains(badWriter.ShareId, StringComparison.Ordinal)));
        using var givenUp = new CancellationTokenSource();
        Task flush = client.FlushAsync(givenUp.Token);
        await givenUp.CancelAsync();
        var named = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush);

        Assert.Contains(badWriter.ShareId, named.Message, StringComparison.Ordinal);
        Assert.IsAssignableFrom<JsonException>(named.InnerException);
        Assert.Equal((3L, 1), (goodWriter.Status.Applied, Server.Connects));
    }

    [Fact]
    public async Task A_credentials_file_that_cannot_be_read_keeps_what_is_queued_until_it_can()
    {
        (_, ShareLink first) = AddShare();
        (_, ShareLink second) = AddShare();
        await using ShareClient client = await OpenAsync();
        ShareWriter running = await client.JoinShareAsync("test:1", first, Timeout);
        await running.EnqueueAsync(Puts(1, "a-"), null, Timeout);
        await client.FlushAsync(Timeout);
        ShareWriter late = await client.JoinShareAsync("test:2", second, Timeout);
        string kept = await File.ReadAllTextAsync(Files["credentials.json"], Timeout);
        await File.WriteAllTextAsync(Files["credentials.json"], "{", Timeout);
        await late.EnqueueAsync(Puts(1, "b-"), null, Timeout);
        WriterStatus failing = await UntilAsync(late, status => status.Failure is not null);
        await running.EnqueueAsync(Puts(1, "c-"), null, Timeout);
        await running.FlushAsync(Timeout);
        int connects = Server.Connects;
        await File.WriteAllTextAsync(Files["credentials.json"], kept, Timeout);
        await client.FlushAsync(Timeout);

        Assert.IsType<CredentialStoreException>(failing.Failure);
        Assert.Equal((1, 2L, 1L), (connects, running.Status.Applied, late.Status.Applied));
    }

    [Fact]
    public async Task A_logger_that_throws_stops_nothing()
    {
        (_, ShareLink link) = AddShare();
        Options = Options with { Logging = new LoggerFactory([new Throwing()]) };
        Server.IsDown = true;
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(1), null, Timeout);
        await Server.ConnectedAsync(2, Timeout);
        Server.IsDown = false;
        await client.FlushAsync(Timeout);

        Assert.Equal(1, writer.Status.Applied);
    }

    [Fact]
    public async Task A_lease_that_cannot_be_given_back_keeps_no_outbox_open_and_a_writer_says_that_its_client_is_gone()
    {
        (_, ShareLink link) = AddShare();
        ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(1), null, Timeout);
        await client.FlushAsync(Timeout);
        Query("DROP TABLE lease", row => row.GetInt64(0));
        await client.DisposeAsync();

        Assert.Throws<ObjectDisposedException>(() => writer.Status);
    }

    private class Collected : ILoggerProvider, ILogger
    {
        private readonly List<string> lines = [];

        public IReadOnlyList<string> Lines
        {
            get
            {
                lock (lines) return [.. lines];
            }
        }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public virtual void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            lock (lines) lines.Add(formatter(state, exception));
        }

        public void Dispose() => GC.SuppressFinalize(this);
    }

    private sealed class Throwing : Collected
    {
        public override void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => throw new InvalidOperationException("the caller's logger");
    }
}
