using System.Text.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.LeftOut;
using ShareRpc.Sources.Opencode;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Sources.Opencode;

/// <summary>Documents that a share does not take: a placeholder in their place, and a name for their author.</summary>
public sealed class OpencodeLeftOutTests : IDisposable
{
    private const string FirstPart = "(SELECT min(id) FROM part)";
    private readonly OpencodeFiles files = new();
    private readonly ManualTimeProvider clock = new();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Theory]
    [InlineData("""json_object('type', 'text', 'text', hex(zeroblob(4718592)))""", "too_large")]
    [InlineData("""replace(hex(zeroblob(49)), '00', '{"a":') || '1' || replace(hex(zeroblob(49)), '00', '}')""",
        "too_deep")]
    [InlineData("""replace(hex(zeroblob(90)), '00', '{"a":') || '1' || replace(hex(zeroblob(90)), '00', '}')""",
        "too_deep")]
    [InlineData("CAST(x'7B2261223A22FFFE227D' AS TEXT)", "invalid_utf8")]
    [InlineData("'nonsense'", "invalid_json")]
    [InlineData("'[]'", "invalid_json")]
    public async Task A_row_that_cannot_be_sent_has_a_placeholder_and_is_named_until_it_can(string data, string reason)
    {
        string path = files.Sample();
        string before = (string)OpencodeFiles.Query(path, $"SELECT data FROM part WHERE id = {FirstPart}")[0][0]!;
        OpencodeFiles.Execute(path,
            $"DELETE FROM event; UPDATE part SET data = {data} WHERE id = {FirstPart}"); // so the rows are compared
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);
        await sessions.LookAsync(timeout);
        OpencodeSync sync = Assert.Single(sessions.Sessions);
        OpIntent placeholder = share.Take().Select(taken => taken.Op).Single(op => IsPlaceholder(op));
        LeftOutDocument named = Assert.Single(sync.LeftOut);
        LeftOutDocument kept = Assert.Single((await LeftOutDocuments.ReadAsync(sync.Writer, timeout)).Listed);
        int again = await sessions.LookAsync(timeout);
        OpencodeFiles.Execute(path, $"UPDATE part SET data = $d, time_updated = 1900000000000 WHERE id = {FirstPart}",
            ("$d", before));
        clock.Advance(TimeSpan.FromSeconds(3));
        await sessions.LookAsync(timeout);

        Assert.Equal((placeholder.Kind, placeholder.Key, reason), (named.Kind, named.Key, named.Reason));
        using JsonDocument document = placeholder.Data!.Value.ToDocument();
        Assert.Equal(named.Message, document.RootElement.GetProperty("messageID").GetString());
        Assert.Equal(named, kept);
        Assert.Equal(0, again);
        Assert.Empty(sync.LeftOut);
        Assert.Empty((await LeftOutDocuments.ReadAsync(sync.Writer, timeout)).Listed);
    }

    [Fact]
    public async Task A_session_and_an_event_that_are_too_large_have_placeholders()
    {
        string path = files.Sample();
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);
        await sessions.LookAsync(timeout);
        share.Take();
        OpencodeFiles.Execute(path,
            $$"""
            UPDATE session SET title = hex(zeroblob(4718592));
            INSERT INTO event SELECT 'evt_large', aggregate_id, {{OpencodeFiles.SampleLastSeq + 1}},
              'message.part.updated.1', json_object('part', json_object('id', 'prt_l', 'messageID', 'msg_l',
                'sessionID', aggregate_id, 'type', 'file', 'filename', 'a.pdf', 'url', hex(zeroblob(4718592))))
              FROM event LIMIT 1
            """);
        await sessions.LookAsync(timeout);

        Assert.Equal([Kinds.Part, Kinds.Session], share.Take().Select(taken => taken.Op).Where(IsPlaceholder)
            .Select(op => op.Kind).Order());
        LeftOutDocument part = Assert.Single(sessions.Sessions).LeftOut.Single(one => one.Kind == Kinds.Part);
        Assert.Equal(("prt_l", "msg_l", "a.pdf"), (part.Key, part.Message, part.Name));
    }

    public void Dispose() => files.Dispose();

    internal static bool IsPlaceholder(OpIntent op) => op.Data is { } data && OmittedDocument.Read(data) is not null;
}
