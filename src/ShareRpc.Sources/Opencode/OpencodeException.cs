namespace ShareRpc.Sources.Opencode;

/// <summary>
/// The opencode database cannot be used as asked. The message is one line for people, with the next step; it holds no
/// content.
/// </summary>
public sealed class OpencodeException : Exception
{
    /// <summary>An error whose message says what to do next.</summary>
    public OpencodeException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
