namespace ShareRpc.Server.CapnWeb.Values;

/// <summary>
/// A value that is there later. What waits for it runs in the order in which it asked. Gives its value back with the
/// last reference, of which its maker has the first. Any thread.
/// </summary>
internal sealed class CapPromise
{
    private readonly Lock gate = new();
    private Queue<Action>? waiting;
    private bool isSettling;
    private bool isSettled;
    private int references = 1;

    /// <summary>Gets the value; good while a reference is held, once it has settled and was not rejected.</summary>
    public CapResult? Result { get; private set; }

    /// <summary>Gets what it was rejected with, as <see cref="SpecialValue"/> "error"; null if it was not.</summary>
    public CapValue? Error { get; private set; }

    public bool IsSettled
    {
        get
        {
            lock (gate) return isSettled;
        }
    }

    /// <summary>Called when the value has been given back; set before it settles.</summary>
    public Action? OnEnd { get; set; }

    public static CapPromise Of(CapValue value)
    {
        var promise = new CapPromise();
        promise.Resolve(new CapResult(value));
        return promise;
    }

    public static CapPromise Rejected(CapValue error)
    {
        var promise = new CapPromise();
        promise.Reject(error);
        return promise;
    }

    public CapPromise Hold()
    {
        lock (gate) references++;
        return this;
    }

    public void Drop()
    {
        lock (gate)
        {
            if (--references > 0 || !isSettled) return;
        }

        End();
    }

    /// <summary>Runs the action once it has settled, at once if it has, and holds a reference until then.</summary>
    public void Then(Action action)
    {
        lock (gate)
        {
            if (!isSettled)
            {
                references++;
                (waiting ??= []).Enqueue(action);
                return;
            }
        }

        action();
    }

    /// <summary>Settles it; the references of the value become its own.</summary>
    public void Resolve(CapResult result) => Settle(result, error: null);

    public void Reject(CapValue error) => Settle(result: null, error);

    /// <summary>Throws what it was rejected with, or why its value may no longer be given.</summary>
    public CapValue Demand()
    {
        if (Error is not null) throw new CapRejectedException(Error);
        Result!.Demand?.Invoke();
        return Result.Value;
    }

    private void Settle(CapResult? result, CapValue? error)
    {
        lock (gate)
        {
            if (isSettling)
            {
                result?.Value.Drop();
                return;
            }

            (Result, Error, isSettling) = (result, error, true);
            references++;
        }

        while (true)
        {
            Action next;
            lock (gate)
            {
                if (waiting is not { Count: > 0 })
                {
                    isSettled = true;
                    break;
                }

                next = waiting.Dequeue();
            }

            next();
            Drop();
        }

        Drop();
    }

    private void End()
    {
        Result?.Value.Drop();
        OnEnd?.Invoke();
    }
}

/// <summary>A call, or a value, that is rejected.</summary>
internal sealed class CapRejectedException(CapValue error) : Exception
{
    public CapValue Error => error;
}
