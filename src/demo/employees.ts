export interface Employee {
  readonly employee_id: string
  readonly name: string
  readonly department: string
  readonly salary: number
  readonly ssn: string
}

/** Made-up people with made-up numbers: social security numbers never begin with 000. */
export const employees: ReadonlyMap<string, Employee> = new Map(
  [
    { employee_id: '1', name: 'Ada', department: 'engineering', salary: 98000, ssn: '000-12-3456' },
    {
      employee_id: '2',
      name: 'Grace',
      department: 'operations',
      salary: 87500,
      ssn: '000-65-4321',
    },
  ].map((employee) => [employee.employee_id, employee]),
)
