using ShareRpc.Client.Reading;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Sources.Opencode;
using ShareRpc.Sources.Opencode.Files;
using ShareRpc.Tests.Client;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Sources.Opencode;

/// <summary>What fails for one session, and what fails for all.</summary>
public sealed class OpencodeFailureTests : IDisposable
{
    private const string Another = "ses_another";
    private readonly OpencodeFiles files = new();
    private readonly ManualTimeProvider clock = new();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    private string OutboxPath => Path.Combine(files.Folder, "client.outbox.db");

    [Fact]
    public async Task A_session_that_fails_is_named_and_tried_again_while_the_others_go_on()
    {
        string path = TwoSessions();
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using (OpencodeSessions earlier = share.Open(path, OpencodeSelection.All, clock))
            await earlier.LookAsync(timeout);
        share.Take();
        OpencodeFiles.Execute(OutboxPath,
            "INSERT INTO bookmark SELECT share_key, 'opencode.keys', '{\"event_seq\":1.5,\"documents\":{}}' FROM share "
                + $"WHERE external_key = 'opencode:{Another}'");
        OpencodeFiles.Execute(path, "UPDATE session SET title = 'changed'");
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);
        await sessions.LookAsync(timeout);
        string[] during = [.. share.Take().Select(taken => taken.Op.Key!)];
        OpencodeException? named = sessions.LastError;
        OpencodeFiles.Execute(OutboxPath, "DELETE FROM bookmark WHERE value LIKE '%1.5%'");
        clock.Advance(TimeSpan.FromMinutes(1));
        await sessions.LookAsync(timeout);

        Assert.Equal([OpencodeFiles.SampleSession], during);
        Assert.Contains(Another, named!.Message, StringComparison.Ordinal);
        Assert.Equal(Another, Assert.Single(share.Take()).Op.Key);
        Assert.Null(sessions.LastError);
    }

    [Fact]
    public async Task A_handler_that_throws_for_one_session_is_called_again_and_stops_no_other()
    {
        string path = TwoSessions();
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);
        var started = new List<string>();
        bool isBroken = true;
        sessions.Started = (sync, _) =>
        {
            if (isBroken && sync.SessionId == Another) throw new InvalidOperationException("the caller's");
            started.Add(sync.SessionId);
            return Task.CompletedTask;
        };
        await sessions.LookAsync(timeout);
        OpencodeException? named = sessions.LastError;
        isBroken = false;
        clock.Advance(TimeSpan.FromMinutes(1));
        await sessions.LookAsync(timeout);

        Assert.Contains(Another, named!.Message, StringComparison.Ordinal);
        Assert.Equal([OpencodeFiles.SampleSession, Another], started);
    }

    [Fact]
    public async Task When_the_only_session_fails_the_look_says_so()
    {
        string path = files.Sample();
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.Latest, clock);
        sessions.Started = (_, _) => throw new InvalidOperationException("the caller's");
        OpencodeException said =
            await Assert.ThrowsAsync<OpencodeException>(() => sessions.LookAsync(timeout));

        Assert.Contains(OpencodeFiles.SampleSession, said.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_outbox_that_fails_while_a_share_is_made_is_named_and_not_the_database()
    {
        string path = files.Sample();
        string storage = Path.Combine(files.Folder, "storage");
        string folder = Path.Combine(storage, "session", "global");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "ses_1.json"),
            """{"id":"ses_1","projectID":"global","title":"t","time":{"created":1,"updated":1}}""", timeout);
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);
        var import = new OpencodeFilesImport(share.Client,
            new OpencodeFilesOptions { Path = storage, LockPath = share.LockPath });
        OpencodeFiles.Execute(OutboxPath, "ALTER TABLE intent RENAME TO gone");
        OpencodeException looking = await Assert.ThrowsAsync<OpencodeException>(() => sessions.LookAsync(timeout));
        OpencodeException importing = await Assert.ThrowsAsync<OpencodeException>(() => import.RunAsync(timeout));

        Assert.All([looking.Message, importing.Message],
            message => Assert.Contains(OutboxPath, message, StringComparison.Ordinal));
    }

    public void Dispose() => files.Dispose();

    private string TwoSessions()
    {
        string path = files.Sample();
        OpencodeFiles.Execute(path,
            $"CREATE TABLE t AS SELECT * FROM session; UPDATE t SET id = '{Another}', title = 'another'; "
                + "INSERT INTO session SELECT * FROM t; DROP TABLE t");
        return path;
    }
}

/// <summary>What a share holds, as far as the server answers.</summary>
public sealed class HeldDocumentsTests : ClientTest
{
    [Theory]
    [InlineData(ErrorCode.MethodNotFound, false)]
    [InlineData(ErrorCode.Forbidden, true)]
    public async Task A_refusal_that_another_redemption_may_lift_does_not_mean_that_the_share_holds_nothing(
        ErrorCode code, bool isForGood)
    {
        (_, var link) = AddShare();
        Server.Refuse = call =>
        {
            if (call is GetStateRequest) throw new ShareRpcException(code);
        };
        var options = new ShareReaderOptions { Transport = Server.ConnectAsync };
        var held = await HeldDocuments.ReadAsync(link, TimeProvider.System, Timeout, options);

        Assert.Equal(isForGood, held is not null);
    }
}
