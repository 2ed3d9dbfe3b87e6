namespace ShareRpc.Protocol.Ops;

/// <summary>
/// The kinds of documents that the server knows; any other name of the form <c>[a-z][a-z0-9_.]{0,63}</c> is stored and passed on.
/// </summary>
public static class Kinds
{
    public const string Session = "session";
    public const string Message = "message";
    public const string Part = "part";
    public const string SessionDiff = "session_diff";
    public const string Model = "model";
    public const string Todo = "todo";

    /// <summary>Guarded: <c>streaming -> completed | failed | aborted</c>.</summary>
    public const string Turn = "turn";
}
