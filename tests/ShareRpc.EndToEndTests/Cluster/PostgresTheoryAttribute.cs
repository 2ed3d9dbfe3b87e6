namespace ShareRpc.EndToEndTests.Cluster;

/// <summary>Needs PostgreSQL: where there is none the test is skipped, on a build machine it fails.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PostgresTheoryAttribute : TheoryAttribute
{
    public PostgresTheoryAttribute() => Skip = PostgresServer.Missing;
}
