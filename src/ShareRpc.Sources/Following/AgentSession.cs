namespace ShareRpc.Sources.Following;

/// <summary>A session as its agent's storage lists it.</summary>
/// <param name="Agent">See <see cref="IAgentStorage.Agent"/>.</param>
/// <param name="Id">The agent's own id of the session, unique for the agent on this machine.</param>
/// <param name="Title">May be empty.</param>
/// <param name="Directory">The working directory; null if it is not known.</param>
/// <param name="Updated">When the session last grew.</param>
/// <param name="Size">Bytes on disk; -1 if it is not known.</param>
/// <param name="Path">The file that holds the session.</param>
/// <param name="AgentVersion">The agent's version; null if it is not known.</param>
internal sealed record AgentSession(
    string Agent, string Id, string Title, string? Directory, DateTimeOffset Updated, long Size, string Path,
    string? AgentVersion)
{
    private const int MaxLabelLength = 200;

    /// <summary>Gets the key of the session's share in the outbox.</summary>
    public string ExternalKey => $"{Agent}:{Id}";

    /// <summary>Returns the title as a share's label; null if there is none.</summary>
    public static string? LabelOf(string title)
    {
        if (title.Length <= MaxLabelLength) return title.Length == 0 ? null : title;
        return title[..(char.IsHighSurrogate(title[MaxLabelLength - 1]) ? MaxLabelLength - 1 : MaxLabelLength)];
    }
}
