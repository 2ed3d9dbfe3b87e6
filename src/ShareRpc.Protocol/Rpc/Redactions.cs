namespace ShareRpc.Protocol.Rpc;

/// <summary>The words of the <c>redact</c> caveat.</summary>
public static class Redactions
{
    /// <summary>What tools were given and what they answered; that they ran, and how long, stays.</summary>
    public const string Tools = "tools";

    /// <summary>What the model thought.</summary>
    public const string Reasoning = "reasoning";

    /// <summary>Attachments, patches, diffs and text that quotes files; all of tools too, since a tool may print a file.</summary>
    public const string Files = "files";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Tools, Reasoning, Files];
}
