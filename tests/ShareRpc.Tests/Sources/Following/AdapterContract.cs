using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ShareRpc.Sources.Following;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Sources.Following;

/// <summary>
/// What every adapter of an agent that appends to files of lines must do. A class for an agent names its samples, opens
/// its storage, and counts a session by a reader of its own.
/// </summary>
public abstract class AdapterContract : IDisposable
{
    private const int MostCuts = 5;

    private const int Seed = 20261130;

    private readonly TemporaryDirectory folder = new();

    /// <summary>Gets home folders with sessions, of real programs or made like them. Copied before use.</summary>
    protected abstract IEnumerable<string> Homes { get; }

    /// <summary>Gets a folder for sessions that a test makes.</summary>
    internal TemporaryDirectory Made => folder;

    /// <summary>Opens the agent's storage.</summary>
    internal abstract IAgentStorage? Storage(AgentHome home);

    /// <summary>Counts a session by simple means that share no code with the adapter.</summary>
    internal abstract SessionCounts Count(AgentSession session);

    /// <summary>Returns a line of a record type that nobody knows.</summary>
    internal abstract string UnknownLine(AgentSession session);

    public void Dispose()
    {
        folder.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void Counts_are_those_of_an_independent_reader() => ForEach((storage, session) =>
    {
        ReadSession read = ReadSession.Whole(storage, session);
        Assert.Equal((session.Path, Count(session)), (session.Path, SessionCounts.Of(read)));
        Assert.Equal(read.Session.Number("tokens", "total") ?? 0,
            read.Messages.Sum(message => message.Number("tokens", "total") ?? 0));
        Assert.Equal(read.Messages.Count(), read.Report.Messages);
        Assert.Equal(read.Parts.Count(), read.Report.Parts);
        Assert.All(read.Parts, part => Assert.Contains(
            read.Messages, message => message.Text("id") == part.Text("messageID")));
    });

    [Fact]
    public void A_second_run_adds_nothing() => ForEach((storage, session) =>
    {
        var read = new ReadSession();
        using ISessionReader reader = storage.Open(session, null);
        read.Take(reader);
        Assert.Equal(0, read.Take(reader));
        Assert.Equal(0, read.Pass(storage, session));
        Assert.True(read.Documents.Count > 1, session.Path);
    });

    [Fact]
    public void A_session_that_is_followed_line_by_line_ends_as_one_read_whole() => ForEach((storage, session) =>
    {
        byte[] whole = File.ReadAllBytes(session.Path);
        ReadSession expected = ReadSession.Whole(storage, session);
        var read = new ReadSession();
        foreach (int end in LineEnds(whole).Append(whole.Length))
        {
            File.WriteAllBytes(session.Path, whole[..end]);
            read.Pass(storage, session);
        }

        read.AssertSame(expected, $"{session.Path} line by line");
    });

    [Fact]
    public void A_session_cut_anywhere_goes_on_from_its_bookmark() => ForEach((storage, session) =>
    {
        byte[] whole = File.ReadAllBytes(session.Path);
        ReadSession expected = ReadSession.Whole(storage, session);
        var dice = new Dice(Seed);
        int[] ends = [.. LineEnds(whole)];
        IEnumerable<int> cuts = Enumerable.Range(0, MostCuts).SelectMany(_ => new[]
        {
            dice.Of(ends), dice.Next(whole.Length),
        });
        foreach (int cut in cuts)
        {
            var read = new ReadSession();
            File.WriteAllBytes(session.Path, whole[..cut]);
            read.Pass(storage, session);
            File.WriteAllBytes(session.Path, whole);
            read.Pass(storage, session);
            read.AssertSame(expected, $"{session.Path} cut at {cut}");
        }
    });

    [Fact]
    public void A_reader_that_is_killed_after_each_step_goes_on() => ForEach((storage, session) =>
    {
        var killed = new ReadSession();
        while (killed.Pass(storage, session, steps: 1) > 0)
        {
        }

        killed.AssertSame(ReadSession.Whole(storage, session), session.Path);
    });

    [Fact]
    public void A_file_that_is_cut_replaced_and_put_back_ends_as_what_it_is() => ForEach((storage, session) =>
    {
        byte[] whole = File.ReadAllBytes(session.Path);
        ReadSession expected = ReadSession.Whole(storage, session);
        int[] ends = [.. LineEnds(whole)];
        byte[] half = whole[..ends[ends.Length / 2]];
        byte[] other = [.. whole[..ends[0]], .. Encoding.UTF8.GetBytes("{\"a\":1}\n"), .. half[ends[0]..]];
        var read = new ReadSession();
        read.Pass(storage, session);
        foreach (byte[] content in new[] { half, whole, other, whole })
        {
            File.WriteAllBytes(session.Path, content);
            read.Pass(storage, session);
            var now = ReadSession.Whole(storage, session);
            read.AssertSame(now, $"{session.Path} of {content.Length} bytes", withTurns: false);
        }

        read.AssertSame(expected, session.Path, withTurns: false);
    });

    [Fact]
    public void Records_that_nobody_knows_are_noticed_and_counted() => ForEach((storage, session) =>
    {
        var read = new ReadSession();
        read.Pass(storage, session);
        int notices = read.Parts.Count(IsNotice);
        int before = read.Documents.Count;
        AppendLine(session.Path, UnknownLine(session));
        read.Pass(storage, session);
        Assert.Equal(notices + 1, read.Parts.Count(IsNotice));
        Assert.True(read.Documents.Count > before);
        Assert.Contains(1, read.Report.Unknown.Values);
        read.AssertSame(ReadSession.Whole(storage, session), session.Path);
    });

    [Fact]
    public void Content_that_no_program_writes_costs_at_most_its_own_line() => ForEach((storage, session) =>
    {
        byte[] whole = File.ReadAllBytes(session.Path);
        var dice = new Dice(Seed);
        string[] lines = Encoding.UTF8.GetString(whole).TrimEnd('\n').Split('\n');
        for (int i = 0; i < 4 * MostCuts; i++)
        {
            string line = dice.Of(lines);
            AppendLine(session.Path, Twisted(line, dice));
            AppendLine(session.Path, line[..dice.Next(line.Length + 1)]);
        }

        string[] odd =
        [
            "null", "[]", "\"text\"", "{}", "{\"type\":7}", "{\"type\":\"user\",\"message\":\"text\"}",
            "{\"type\":\"\\ud800\",\"\\udfff\":\"\\ud800\"}", new string('[', 100_000), "\0\0\0", "",
            $"{{\"type\":\"user\",\"message\":{new string('[', 60)}{new string(']', 60)}}}",
        ];
        foreach (string line in odd) AppendLine(session.Path, line);
        byte[] broken = [.. whole];
        for (int i = 0; i < 200; i++) broken[dice.Next(broken.Length)] = (byte)dice.Next(256);
        File.WriteAllBytes(session.Path, [.. File.ReadAllBytes(session.Path), .. broken, (byte)'\n']);
        ReadSession read = ReadSession.Whole(storage, session);
        Assert.True(read.Documents.Count > 1);
        File.WriteAllBytes(session.Path, whole);
        Assert.Equal(Count(session), SessionCounts.Of(ReadSession.Whole(storage, session)));
    });

    private static bool IsNotice(JsonElement part) => part.Text("type") == "notice";

    private static IEnumerable<int> LineEnds(byte[] content)
    {
        for (int at = 0; at < content.Length; at++)
            if (content[at] == '\n') yield return at + 1;
    }

    private static void AppendLine(string path, string line)
    {
        bool isEnded = File.ReadAllBytes(path) is [] or [.., (byte)'\n'];
        File.AppendAllText(path, $"{(isEnded ? "" : "\n")}{line}\n");
    }

    /// <summary>Returns a record with a value of another type in each place, one of them at a time.</summary>
    private static string Twisted(string line, Dice dice)
    {
        JsonNode? root;
        try
        {
            root = JsonNode.Parse(line);
        }
        catch (JsonException)
        {
            return line;
        }

        List<Action> places = [];
        Collect(root, places, dice);
        if (places.Count > 0) dice.Of(places)();
        return root!.ToJsonString();
    }

    private static void Collect(JsonNode? node, List<Action> places, Dice dice)
    {
        JsonNode?[] others = [null, 7, -1.5e300, true, "text", "\ud800", new JsonArray(), new JsonObject()];
        if (node is JsonObject members)
        {
            foreach (string name in members.Select(member => member.Key).ToList())
            {
                places.Add(() => members[name] = dice.Of(others));
                Collect(members[name], places, dice);
            }
        }
        else if (node is JsonArray items)
        {
            for (int at = 0; at < items.Count; at++)
            {
                int place = at;
                places.Add(() => items[place] = dice.Of(others));
                Collect(items[at], places, dice);
            }
        }
    }

    private void ForEach(Action<IAgentStorage, AgentSession> check)
    {
        int sessions = 0;
        foreach ((int number, string home) in Homes.Index())
        {
            string copy = folder[$"home{number}"];
            Copy(new DirectoryInfo(home), copy);
            IAgentStorage? storage = Storage(new AgentHome(copy, folder[$"state{number}"], _ => null));
            foreach (AgentSession session in storage?.Sessions() ?? [])
            {
                check(storage!, session);
                sessions++;
            }
        }

        Assert.True(sessions > 0, "No sample has a session.");
    }

    private static void Copy(DirectoryInfo from, string to)
    {
        foreach (FileInfo file in from.EnumerateFiles("*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from.FullName, file.FullName));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.WriteAllBytes(target, File.ReadAllBytes(file.FullName));
        }
    }
}
