using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;

namespace ShareRpc.Tests.Sources.Following;

/// <summary>
/// Writes an agent's files again, line by line and each second line in two pieces, while all their sessions are read
/// with readers that know nothing but their bookmarks.
/// </summary>
internal sealed class FollowedFiles(string home, string pattern, Func<IAgentStorage> open)
{
    /// <summary>Gets the most that one pass took away from the messages, as a negative number.</summary>
    public int Smallest { get; private set; }

    public void AssertSameAsWhole()
    {
        string[] files = [.. Directory.EnumerateFiles(home, pattern, SearchOption.AllDirectories)
            .OrderBy(Path.GetFileName, StringComparer.Ordinal)];
        string[][] lines = [.. files.Select(File.ReadAllLines)];
        string[] ids = [.. open().Sessions().Select(session => session.Id)];
        ReadSession[] whole = [.. ids.Select(id => ReadSession.Whole(open(), id))];
        ReadSession[] followed = [.. ids.Select(_ => new ReadSession())];
        foreach (string file in files) File.Delete(file);
        foreach ((string file, string[] content) in files.Zip(lines))
        {
            for (int line = 0; line < content.Length; line++)
            {
                File.AppendAllText(file, content[line] + (line % 2 == 0 ? "\n" : ""));
                if (line % 2 == 1) Pass(ids, followed);
                if (line % 2 == 1) File.AppendAllText(file, "\n");
                Pass(ids, followed);
            }
        }

        for (int at = 0; at < ids.Length; at++) followed[at].AssertSame(whole[at]);
    }

    private void Pass(string[] ids, ReadSession[] followed)
    {
        IAgentStorage storage = open();
        foreach (string id in storage.Sessions().Select(session => session.Id).Intersect(ids))
        {
            ReadSession one = followed[Array.IndexOf(ids, id)];
            int before = one.Documents.Keys.Count(key => key.Kind == Kinds.Message);
            one.Pass(storage, id);
            Smallest = Math.Min(Smallest, one.Documents.Keys.Count(key => key.Kind == Kinds.Message) - before);
        }
    }
}
