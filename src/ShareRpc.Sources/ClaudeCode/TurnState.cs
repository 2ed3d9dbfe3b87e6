using ShareRpc.Protocol.Ops;

namespace ShareRpc.Sources.ClaudeCode;

/// <summary>The newest turn. Its first end counts: a final turn does not change.</summary>
internal sealed class TurnState
{
    /// <summary>Gets or sets the message that began it; null before the first.</summary>
    public string? Key { get; set; }

    /// <summary>Gets or sets its state; null if it is not sure that there is one, as of a command.</summary>
    public string? State { get; set; }

    /// <summary>Gets or sets whether the last answer says nothing about an end, as old versions wrote it.</summary>
    public bool MayBeOver { get; set; }

    /// <summary>Gets or sets what was put last.</summary>
    public string? Written { get; set; }

    /// <summary>
    /// Gets or sets how many messages a file had that was here before: what began a turn then may have ended it.
    /// </summary>
    public int From { get; set; }

    public void Begin(string key, string? now) => (Key, State, MayBeOver) = (key, now, false);

    /// <summary>Takes an answer.</summary>
    /// <param name="reason">Why it ends.</param>
    /// <param name="isOfProgram">No model made it.</param>
    /// <param name="isError">It says that the model could not be reached.</param>
    public void Answered(string? reason, bool isOfProgram, bool isError)
    {
        if (isError) End(TurnStates.Failed);
        if (isOfProgram) return;
        if (Key is not null) State ??= TurnStates.Streaming;
        MayBeOver = reason is null;
        if (reason is not (null or "tool_use" or "pause_turn")) End(TurnStates.Completed);
    }

    public void End(string final)
    {
        if (State == TurnStates.Streaming) State = final;
    }

    /// <summary>Ends the turn because another begins; returns whether there was one.</summary>
    public bool Close(bool hasCalls)
    {
        End(MayBeOver && !hasCalls ? TurnStates.Completed : TurnStates.Aborted);
        return State is not null;
    }
}
