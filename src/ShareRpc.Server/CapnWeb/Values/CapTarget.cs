namespace ShareRpc.Server.CapnWeb.Values;

/// <summary>
/// A live object that is called through stubs. It ends with its last reference. Any thread.
/// </summary>
internal abstract class CapTarget
{
    private int references;

    public bool IsHeld => Volatile.Read(ref references) > 0;

    /// <summary>
    /// Calls a method; begins before it returns, so that calls keep their order. Throws what the call is rejected with.
    /// </summary>
    /// <param name="path">The names that lead from the object to the method.</param>
    /// <param name="arguments">Good until the returned task has ended.</param>
    public abstract Task<CapResult> CallAsync(IReadOnlyList<string> path, CapArguments arguments);

    public CapTarget Hold()
    {
        Interlocked.Increment(ref references);
        return this;
    }

    public void Drop()
    {
        if (Interlocked.Decrement(ref references) == 0) End();
    }

    /// <summary>Called when nobody refers to it any more.</summary>
    protected virtual void End()
    {
    }
}

/// <summary>What a call returned.</summary>
/// <param name="Value">The value; its references belong to whoever gets it.</param>
/// <param name="Demand">Throws when the value may no longer be given; null: it always may (I7).</param>
internal sealed record CapResult(CapValue Value, Action? Demand = null)
{
    /// <summary>Returns a value made of results, each of which is looked at again before it is given out.</summary>
    public static CapResult Joined(CapValue value, IEnumerable<CapPromise> results)
    {
        Action?[] demands = [.. results.Select(one => one.Result?.Demand)];
        return new CapResult(value, () =>
        {
            foreach (Action? demand in demands) demand?.Invoke();
        });
    }
}
