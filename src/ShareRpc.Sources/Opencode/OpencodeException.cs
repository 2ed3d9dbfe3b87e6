namespace ShareRpc.Sources.Opencode;

/// <summary>
/// The opencode data is not usable. The message is one line with the next step, without session content.
/// </summary>
public sealed class OpencodeException : Exception
{
    /// <summary>Initializes the error; the message contains the next step.</summary>
    public OpencodeException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
