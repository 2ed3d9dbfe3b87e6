namespace ShareRpc.Sources.ClaudeCode;

/// <summary>What a line of a transcript is about.</summary>
internal enum LineKind
{
    /// <summary>Known, and no part of the conversation.</summary>
    LeftOut,

    /// <summary>Of a type that this version does not know.</summary>
    Unknown,

    /// <summary>One or more blocks of a reply of the model.</summary>
    Answer,

    /// <summary>What the user typed or sent.</summary>
    Prompt,

    /// <summary>A slash command.</summary>
    Command,

    /// <summary>What a slash command printed.</summary>
    CommandOutput,

    /// <summary>A shell command of the user.</summary>
    Shell,

    ShellOutput,

    /// <summary>Results of tool calls.</summary>
    Results,

    /// <summary>Text that the program added for the model.</summary>
    Note,

    /// <summary>The user interrupted the turn.</summary>
    Interrupt,

    /// <summary>A prompt that was sent while the agent worked, or the report of a background task.</summary>
    Queued,

    /// <summary>A file that was given with a prompt.</summary>
    File,

    /// <summary>The earlier conversation was summarised here.</summary>
    Boundary,

    Summary,

    /// <summary>A request to the model failed and is tried again.</summary>
    Retry,

    /// <summary>A name of the session.</summary>
    Title,

    /// <summary>The cost so far.</summary>
    Cost,
}
