using ShareRpc.Sources.ClaudeCode;
using ShareRpc.Sources.Following;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Sources.Following;

namespace ShareRpc.Tests.Sources.ClaudeCode;

/// <summary>A home folder with sessions of Claude Code, for a test.</summary>
internal sealed class ClaudeHome : IDisposable
{
    private readonly TemporaryDirectory folder = new();

    public ClaudeHome()
    {
        Directory.CreateDirectory(Project);
        Transcript = new Transcript(Path.Combine(Project, $"{Session}.jsonl"));
    }

    public string Session { get; } = "0b5e44d1-0000-4000-8000-000000000001";

    public string Project => folder[".claude/projects/-home-dev-project"];

    /// <summary>Gets the folder of the session's own files.</summary>
    public string SessionFolder => Path.Combine(Project, Session);

    public Transcript Transcript { get; }

    public string Home => folder.Path;

    public string State => folder["state"];

    public IAgentStorage Storage => ClaudeStorage.On(new AgentHome(Home, State, _ => null))!;

    /// <summary>Returns the session as it would be shared now.</summary>
    public ReadSession Read() => ReadSession.Whole(Storage, Session);

    /// <summary>Reads on, as after a restart; returns the number of changes.</summary>
    public int Follow(ReadSession read) => read.Pass(Storage, Session);

    public void Dispose() => folder.Dispose();
}
