using System.Text;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Opencode;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Sources.Opencode;

/// <summary>How far the agent is with its newest answer, as the share is told.</summary>
public sealed class OpencodeTurnTests : IDisposable
{
    private readonly OpencodeFiles files = new();
    private readonly ManualTimeProvider clock = new();
    private int seq = OpencodeFiles.SampleLastSeq;
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Theory]
    [InlineData("""{"role":"assistant","time":{"created":1}}""", "streaming")]
    [InlineData("""{"role":"assistant","time":{"created":1,"completed":2}}""", "completed")]
    [InlineData("""{"role":"assistant","time":{"created":1,"completed":2},"error":{"name":"APIError"}}""", "failed")]
    [InlineData("""{"role":"assistant","time":{"created":1},"error":{"name":"MessageAbortedError"}}""", "aborted")]
    [InlineData("""{"role":"user","time":{"created":1}}""", null)]
    [InlineData("[]", null)]
    [InlineData("{broken", null)]
    public void A_turns_state_follows_from_the_message(string message, string? state) =>
        Assert.Equal(state, TurnDocument.StateOf(Encoding.UTF8.GetBytes(message)));

    [Fact]
    public async Task A_turn_is_told_to_begin_once_and_to_end_once_whatever_is_read_again()
    {
        string path = files.Sample();
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);
        await LookAsync(sessions, share);

        Answer(path, "msg_zz1", """{"role":"assistant","time":{"created":1}}""");
        Assert.Equal([("msg_zz1", "streaming")], await LookAsync(sessions, share));
        Assert.Empty(await LookAsync(sessions, share));
        Answer(path, "msg_zz1", """{"role":"assistant","time":{"created":1,"completed":2}}""");
        Assert.Equal([("msg_zz1", "completed")], await LookAsync(sessions, share));
        Answer(path, "msg_zz1", """{"role":"assistant","time":{"created":1}}""");
        Assert.Empty(await LookAsync(sessions, share));

        using OpencodeSessions again = share.Open(path, OpencodeSelection.All, clock);
        Assert.Empty(await LookAsync(again, share));
    }

    [Fact]
    public async Task An_answer_that_never_ended_is_aborted_when_the_next_one_begins()
    {
        string path = files.Sample();
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);
        await LookAsync(sessions, share);

        Answer(path, "msg_zz1", """{"role":"assistant","time":{"created":1}}""");
        await LookAsync(sessions, share);
        Answer(path, "msg_zz2", """{"role":"user","time":{"created":1}}""");
        Assert.Empty(await LookAsync(sessions, share));
        Answer(path, "msg_zz3", """{"role":"assistant","time":{"created":1}}""");
        Assert.Equal([("msg_zz1", "aborted"), ("msg_zz3", "streaming")], await LookAsync(sessions, share));
        Remove(path, "msg_zz3");
        Assert.Equal([("msg_zz3", "aborted")], await LookAsync(sessions, share));
    }

    public void Dispose() => files.Dispose();

    /// <summary>One transaction of event and row, as opencode writes them.</summary>
    private void Answer(string path, string id, string data) => Write(
        path, "message.updated.1", $$"""{"info":{"id":"{{id}}",{{data[1..]}}}""",
        $"""
        INSERT INTO message (id, session_id, time_created, time_updated, data)
          VALUES ('{id}', '{OpencodeFiles.SampleSession}', 1900000000000, 1900000000000, $data)
          ON CONFLICT (id) DO UPDATE SET data = excluded.data, time_updated = time_updated + 1
        """,
        data);

    private void Remove(string path, string id) => Write(
        path, "message.removed.1", $$"""{"messageID":"{{id}}"}""",
        $"DELETE FROM message WHERE id = '{id}' AND $data = ''", "");

    private void Write(string path, string type, string eventData, string change, string data) => OpencodeFiles.Execute(
        path,
        $"""
        BEGIN IMMEDIATE;
        INSERT INTO event (id, aggregate_id, seq, type, data)
          VALUES ('evt_{++seq}', '{OpencodeFiles.SampleSession}', {seq}, '{type}', $event);
        {change};
        COMMIT
        """,
        ("$event", eventData), ("$data", data));

    private async Task<List<(string Key, string State)>> LookAsync(OpencodeSessions sessions, OfflineShare share)
    {
        await sessions.LookAsync(timeout);
        return
        [
            .. share.Take().Select(op => op.Op).Where(op => op.Kind == Kinds.Turn).Select(op =>
            {
                using System.Text.Json.JsonDocument data = op.Data!.Value.ToDocument();
                return (op.Key, data.RootElement.GetProperty("state").GetString()!);
            }),
        ];
    }
}
