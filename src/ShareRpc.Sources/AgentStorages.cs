using ShareRpc.Sources.ClaudeCode;
using ShareRpc.Sources.Codex;
using ShareRpc.Sources.Following;
using ShareRpc.Sources.GeminiCli;
using ShareRpc.Sources.Opencode2;

namespace ShareRpc.Sources;

/// <summary>Lists the agents whose storage this version reads: a line an adapter.</summary>
internal static class AgentStorages
{
    private static readonly IReadOnlyList<Func<AgentHome, IAgentStorage?>> Known =
    [
        ClaudeStorage.On,
        CodexStorage.On,
        GeminiStorage.On,
        Opencode2Storage.Find,
    ];

    /// <summary>Returns the storages that are on this machine.</summary>
    public static IReadOnlyList<IAgentStorage> On(AgentHome home) =>
        [.. Known.Select(find => find(home)).OfType<IAgentStorage>()];
}
