namespace ShareRpc.Server.CapnWeb.Values;

/// <summary>What the ids in a message of the peer stand for, and what it asks to be called.</summary>
internal interface IReferences
{
    /// <summary>Returns what was exported to the peer; a <see cref="CapProtocolException"/> when it was not.</summary>
    CapPromise Find(long id);

    /// <summary>Returns what a path leads to: a promise, or the stub itself when it is asked for and there.</summary>
    CapValue Get(CapPromise subject, IReadOnlyList<string> path, bool isPromise);

    /// <summary>Calls what a path leads to, once it and the arguments are there; takes the arguments.</summary>
    CapValue Call(CapPromise subject, IReadOnlyList<string> path, CapArguments arguments);

    /// <summary>Returns the stub of an object of the peer.</summary>
    CapValue Import(long id);

    /// <summary>Returns a promise of the peer, which it resolves by itself.</summary>
    CapValue ImportPromise(long id);
}

/// <summary>A message that ends the session. The text is this server's own.</summary>
internal sealed class CapProtocolException(string rule) : Exception(rule);
