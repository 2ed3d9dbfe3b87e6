using ShareRpc.Sources.Following;

namespace ShareRpc.Tests.Sources.Codex;

public sealed class CodexStorageTests : IDisposable
{
    private readonly CodexHome home = new();

    public void Dispose() => home.Dispose();

    [Fact]
    public void Names_come_from_the_index_once_a_file_was_looked_into()
    {
        home.Begin("first").Turn("t1", "one", "1");
        string first = home.File;
        home.Begin("second").Turn("t1", "two", "2");
        Assert.Equal(["one", "two"], Titles());
        byte[] other = new byte[new FileInfo(first).Length];
        DateTime written = File.GetLastWriteTimeUtc(first);
        File.WriteAllBytes(first, other);
        File.SetLastWriteTimeUtc(first, written); // nothing differs: it is not opened again
        Assert.Equal(["one", "two"], Titles());
        File.Delete(home.File);
        Assert.Equal(["one"], Titles());
        File.WriteAllBytes(first, other[..10]); // shorter: it was replaced
        Assert.Throws<UnknownStorageException>(() => home.Storage.Sessions());
    }

    [Fact]
    public void A_session_is_as_new_and_as_large_as_its_files_with_those_of_its_subagents()
    {
        home.Begin("parent").Turn("t1", "one", "1");
        string parent = home.File;
        home.Begin("child", meta: new { parent_thread_id = "parent" }).Turn("t1", "sub", "2");
        File.SetLastWriteTimeUtc(parent, new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        AgentSession session = Assert.Single(home.Storage.Sessions());
        Assert.Equal(("parent", "/project", "0.128.0"), (session.Id, session.Directory, session.AgentVersion));
        Assert.Equal(new FileInfo(parent).Length + new FileInfo(home.File).Length, session.Size);
        Assert.Equal(File.GetLastWriteTimeUtc(home.File), session.Updated.UtcDateTime);
    }

    [Fact]
    public void A_name_that_somebody_gave_is_the_title()
    {
        home.Begin("first").Turn("t1", "one", "1");
        File.WriteAllText(Path.Combine(home.Folder, "session_index.jsonl"), """
            {"id":"first","thread_name":"Old","updated_at":"2026-11-30T00:00:00Z"}
            {"id":"first","thread_name":"New","updated_at":"2026-11-30T00:00:01Z"}
            half a line
            """);
        Assert.Equal(["New"], Titles());
    }

    private string[] Titles() =>
        [.. home.Storage.Sessions().Select(session => session.Title).Order(StringComparer.Ordinal)];
}
