namespace ShareRpc.EndToEndTests.Opencode;

/// <summary>
/// One reply of the model: text, then tools to call; or text in the middle of which the stream stops for good.
/// </summary>
internal sealed record ScriptedReply(string Text, params IReadOnlyList<ScriptedCall> Tools)
{
    public bool Stalls { get; init; }
}
