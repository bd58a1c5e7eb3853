"""The calls that answer a request about data: figures, comparisons, projects and reports. Pure."""

from typing import Any

from agent_runner.agents.models.request import Request
from agent_runner.agents.models.steps import said, step
from agent_runner.agents.planning import PlannedStep


def _dataset(request: Request, subject: str | None = None) -> str:
    year = request.details.get("year")
    subject = subject or request.details.get("subject", "sales")
    return f"{subject}_{year}" if year else subject


def _where(request: Request, dataset: str) -> dict[str, Any]:
    """The filters on columns that the dataset has, as arguments."""
    columns = ("department", "category") if dataset.startswith("expenses") else ("region", "product")
    where = {column: value for column, value in request.filters.items() if column in columns}
    return {"where": where} if where else {}


def compared(request: Request) -> str | None:
    """The year to compare with, where one is named or follows from the other."""
    other = request.details.get("compared")
    if other == "yes":
        year = request.details.get("year")
        return str(int(year) - 1) if year else None
    return other


def comparison(request: Request) -> list[PlannedStep]:
    """The totals of two years."""
    other = f"{request.details.get('subject', 'sales')}_{compared(request)}"
    measure = {"measure": request.details["measure"]} if "measure" in request.details else {}
    return [
        step(
            request, "analyze", "analyze_dataset", "합계 계산", "Compute the total",
            dataset=dataset, operation="total", **measure, **_where(request, dataset),
        )
        for dataset in (_dataset(request), other)
    ]  # fmt: skip


def profit(request: Request) -> list[PlannedStep]:
    """The totals of revenue and of expenses."""
    return [
        step(
            request, "analyze", "analyze_dataset", "합계 계산", "Compute the total",
            dataset=_dataset(request, subject), operation="total",
        )
        for subject in ("sales", "expenses")
    ]  # fmt: skip


def analysis(request: Request) -> list[PlannedStep]:
    """A look at the data, and its figures by month and by one other column."""
    dataset = _dataset(request)
    common: dict[str, Any] = {"dataset": dataset, **_where(request, dataset)}
    if "measure" in request.details and not dataset.startswith("expenses"):
        common["measure"] = request.details["measure"]
    second = "department" if dataset.startswith("expenses") else "region"
    group = request.details.get("group")
    over_time = "growth" if group == "growth" else "by_month"
    if group in ("region", "product", "department", "category"):
        second = group
    elif second in request.filters:
        second = "category" if second == "department" else "product"
    return [
        step(request, "search", "describe_dataset", "데이터 확인", "Look at the data", dataset=dataset),
        step(
            request, "analyze", "analyze_dataset", "월별 분석", "Analyse by month",
            operation=over_time, **common,
        ),
        step(
            request, "analyze", "analyze_dataset", "항목별 분석", f"Analyse by {second}",
            operation="by_group", group_by=second, **common,
        ),
    ]  # fmt: skip


def tasks(request: Request) -> PlannedStep:
    """The tasks of projects that have the status, the owner or the month of the request."""
    conditions = []
    match request.details.get("status"):
        case None:
            pass
        case "unfinished":
            conditions.append("status <> 'done'")
        case status:
            conditions.append(f"status = {_literal(status)}")
    if owner := request.details.get("owner"):
        conditions.append(f"owner ILIKE {_literal(f'%{owner}%')}")
    if (months := request.details.get("months")) and months != "last":
        listed = ", ".join(map(_literal, months.split(",")))
        conditions.append(f"strftime(due, '%m') IN ({listed})")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    sql = f"SELECT project, task, owner, status, progress, due FROM projects{where} ORDER BY due"  # noqa: S608 - quoted below, and only read
    return step(request, "search", "query_datasets", "작업 조회", "Look the tasks up", sql=sql)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def progress(request: Request) -> list[PlannedStep]:
    """How far the projects are, and how many tasks have which status."""
    common = {"dataset": "projects", "operation": "by_group"}
    return [
        step(
            request, "search", "describe_dataset", "프로젝트 데이터 확인", "Look at the projects",
            dataset="projects",
        ),
        step(
            request, "analyze", "analyze_dataset", "프로젝트별 진행률", "Progress by project",
            group_by="project", measure="progress", aggregate="avg", **common,
        ),
        step(
            request, "analyze", "analyze_dataset", "상태별 작업 수", "Tasks by status",
            group_by="status", measure="progress", aggregate="count", **common,
        ),
    ]  # fmt: skip


def report(request: Request) -> list[PlannedStep]:
    """A report of the figures by month and by one other column."""
    dataset = _dataset(request)
    group = "department" if dataset.startswith("expenses") else "product"
    where = _where(request, dataset)
    title = said(request.language, "월간 분석 보고서", "Monthly analysis report")
    return [
        step(
            request, "analyze", "analyze_dataset", "월별 분석", "Analyse by month",
            dataset=dataset, operation="by_month", **where,
        ),
        step(
            request, "analyze", "analyze_dataset", "항목별 분석", f"Analyse by {group}",
            dataset=dataset, operation="by_group", group_by=group, **where,
        ),
        step(
            request, "document", "write_report", "보고서 작성", "Write the report",
            title=title, language=request.language, results=["$step_1", "$step_2"],
        ),
    ]  # fmt: skip
