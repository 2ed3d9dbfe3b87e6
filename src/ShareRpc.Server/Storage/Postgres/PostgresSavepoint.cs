namespace ShareRpc.Server.Storage.Postgres;

/// <summary>Takes back what waits, or what the database has of it.</summary>
internal sealed class PostgresSavepoint : ISavepoint
{
    private readonly PostgresSession session;
    private readonly ShareChanges changes;
    private readonly int begun;
    private readonly long sent;
    private bool isOver;

    public PostgresSavepoint(PostgresSession session, ShareChanges changes)
    {
        (this.session, this.changes, begun, sent) = (session, changes, session.Waiting, session.Sent);
        session.Send("SAVEPOINT part");
    }

    public void Keep()
    {
        if (!isOver) session.Send("RELEASE SAVEPOINT part");
        isOver = true;
    }

    public void Dispose()
    {
        if (isOver) return;
        isOver = true;
        changes.Forget();
        if (session.Sent == sent)
        {
            session.TakeBack(begun);
            return;
        }

        session.TakeBack(0);
        session.Send("ROLLBACK TO SAVEPOINT part");
        session.Send("RELEASE SAVEPOINT part");
    }
}
